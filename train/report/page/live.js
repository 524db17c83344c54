// A page that is served follows the run.
(() => {
	if (!document.body.dataset.live) return;
	const status = document.getElementById("status"), place = document.getElementById("place"), bar = document.getElementById("bar");
	let source, late;

	function say(state, text) {
		status.dataset.state = state;
		status.textContent = text;
	}

	function time(seconds) {
		if (seconds < 60) return Math.ceil(seconds) + "\u202fs";
		const minutes = Math.round(seconds / 60);
		return minutes < 60 ? minutes + "\u202fmin" : Math.floor(minutes / 60) + "\u202fh " + minutes % 60 + "\u202fmin";
	}

	function progress(now) {
		bar.max = Math.max(1, now.steps);
		bar.value = now.step;
		const parts = [`epoch ${now.epoch} of ${now.epochs}`, `step ${now.step.toLocaleString("en")} of ${now.steps.toLocaleString("en")}`];
		if (now.images) parts.push(Math.round(now.images).toLocaleString("en") + " images/s");
		if (now.left) parts.push("about " + time(now.left) + " left");
		place.textContent = parts.join(" · ");
	}

	function on(event, handle) {
		source.addEventListener(event, e => handle(JSON.parse(e.data)));
	}

	function end(ended) {
		say(ended === "finished" ? "finished" : "lost", ended === "finished" ? "finished" : "ended: " + ended);
	}

	function replace(part) {
		const old = document.getElementById(part.id);
		const open = [...old.querySelectorAll("details")].map(d => d.open);
		const scrolled = [...old.querySelectorAll(".scroll")].map(s => [s.scrollLeft, s.scrollTop]);
		old.innerHTML = part.html;
		old.querySelectorAll("details").forEach((d, i) => { d.open = !!open[i]; });
		old.querySelectorAll(".scroll").forEach((s, i) => { if (scrolled[i]) [s.scrollLeft, s.scrollTop] = scrolled[i]; });
		Tables.prepare(old);
	}

	function connect() {
		clearTimeout(late);
		source = new EventSource("events");
		source.onopen = () => say("training", "training");
		source.onerror = () => {
			say("lost", "connection lost, trying again …");
			if (source.readyState === EventSource.CLOSED) late = setTimeout(connect, 3000);
		};
		on("state", state => {
			Curves.show(state.curves);
			progress(state.now);
			if (state.ended) end(state.ended);
		});
		on("step", step => {
			Curves.add(step);
			progress(step.now);
		});
		on("fragment", replace);
		on("end", last => {
			source.close();
			progress(last.now);
			end(last.ended);
		});
	}
	connect();
})();

// The four charts of the page, and what they show of one run or of many.
const Curves = (() => {
	const digits = v => Math.abs(v) < 1e-3 || Math.abs(v) >= 1e4 ? v.toExponential(3) : v.toPrecision(4);
	const significant = v => v === 0 ? "0" : Math.abs(v) < 1e-3 || Math.abs(v) >= 1e5 ? v.toExponential(3) : String(Number(v.toPrecision(4)));
	// The lines of each chart: what is trained first, in the colours of one run.
	const kinds = {
		loss: { of: { format: digits, log: true, zero: true, from: 0 }, lines: [["step_loss", "training, by steps", 0, true], ["train_loss", "training", 0], ["test_loss", "test", 1]] },
		accuracy: { of: { format: v => v.toFixed(2) + "\u202f%", most: 100, from: 0 }, lines: [["step_accuracy", "training, by steps", 0, true], ["train_accuracy", "training", 0], ["test_accuracy", "test", 1]] },
		rate: { of: { format: significant, log: true, zero: true, from: 0 }, lines: [["rate", "learning rate", 4], ["step_rate", "learning rate", 4]] },
		images: { of: { format: v => Math.round(v).toLocaleString("en"), zero: true, from: 0 }, lines: [["step_images", "by steps", 9, true], ["images", "of the epoch", 9]] },
	};
	let data = { runs: [] }, training = false;
	const charts = {};

	// ofOne are the lines of a run; steps stand for epochs where a rate is known of each.
	function ofOne(kind, run) {
		return kind.lines.flatMap(([key, name, colour, faint]) => {
			const l = run.lines[key];
			if (!l || key === "rate" && run.lines.step_rate && run.lines.step_rate.x.length > 1) return [];
			return [{ name, x: l.x, y: l.y, colour, faint, dots: !key.startsWith("step_") }];
		});
	}

	const looks = 30; // ten colours, each with three kinds of dashes

	function ofMany(kind) {
		return data.runs.flatMap((run, i) => {
			const look = { name: run.name, colour: i % 10, round: Math.floor(i / 10) % 3 };
			const keys = kind.lines.map(l => l[0]).filter(key => run.lines[key]);
			const test = keys.find(key => key.startsWith("test_"));
			const shown = !test ? keys : training ? keys.filter(key => key !== test) : [test];
			return shown.map(key => ({ ...look, x: run.lines[key].x, y: run.lines[key].y, dots: data.runs.length < 4 }));
		});
	}

	function draw() {
		for (const [id, kind] of Object.entries(kinds)) {
			charts[id].show(data.runs.length > 1 ? ofMany(kind) : data.runs.flatMap(run => ofOne(kind, run)));
		}
	}

	function offerTraining() {
		const keys = document.getElementById("keys");
		const choice = Chart.element("span", { class: "choice", role: "group", "aria-label": "Loss and accuracy" }, keys);
		const buttons = ["test", "training"].map(name => Chart.element("button", { type: "button", "aria-pressed": name === "test" }, choice, name));
		buttons.forEach((b, i) => b.addEventListener("click", () => {
			buttons.forEach((other, k) => other.setAttribute("aria-pressed", k === i));
			training = i === 1;
			draw();
		}));
		Chart.element("span", { class: "soft" }, keys, "loss and accuracy of all runs" + (data.runs.length > looks ? `; colours and dashes come again after ${looks} runs` : ""));
		for (const swatch of document.querySelectorAll(".swatch[data-run]")) {
			const i = Number(swatch.dataset.run);
			swatch.append(Chart.mark({ colour: i % 10, round: Math.floor(i / 10) % 3 }));
		}
	}

	return {
		start() {
			performance.mark("curves-begin");
			data = JSON.parse(document.getElementById("data").textContent);
			for (const [id, kind] of Object.entries(kinds)) charts[id] = new Chart(document.getElementById(id), kind.of);
			if (data.runs.length > 1) {
				document.body.classList.add("many");
				offerTraining();
			}
			draw();
			performance.measure("curves", "curves-begin");
		},
		// show takes all data anew.
		show(all) {
			data = all;
			draw();
		},
		// add takes a point of the latest steps.
		add(point) {
			const lines = data.runs[0].lines;
			for (const key of ["step_loss", "step_accuracy", "step_rate", "step_images"]) {
				lines[key] = lines[key] || { x: [], y: [] };
				lines[key].x.push(point.at);
				lines[key].y.push(point[key]);
			}
			draw();
		},
	};
})();
Curves.start();

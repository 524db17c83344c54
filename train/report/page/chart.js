"use strict";

// Chart draws lines into a figure, with axes, a legend and a cursor that reads them.
const Chart = (() => {
	const NS = "http://www.w3.org/2000/svg";

	function element(name, attributes, parent, text) {
		const e = name.startsWith("svg:") ? document.createElementNS(NS, name.slice(4)) : document.createElement(name);
		for (const [key, value] of Object.entries(attributes || {})) e.setAttribute(key, value);
		if (text !== undefined) e.textContent = text;
		if (parent) parent.append(e);
		return e;
	}

	// step is the least of 1, 2, 5, 10, … times a power of ten that is not below least.
	function step(least) {
		const decade = 10 ** Math.floor(Math.log10(least));
		return [1, 2, 5, 10].map(d => d * decade).find(s => s >= least * 0.999999);
	}

	function linearTicks(low, high, most, whole) {
		const s = Math.max(step((high - low) / most), whole ? 1 : 0);
		const ticks = [];
		for (let k = Math.ceil(low / s - 1e-9); k * s <= high + s * 1e-9; k++) ticks.push(k * s);
		return ticks;
	}

	// logTicks are the powers of ten, with halves and doubles of them as far as there is room.
	function logTicks(low, high, most) {
		for (const digits of [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
			const ticks = [];
			for (let d = Math.floor(Math.log10(low)); d <= Math.ceil(Math.log10(high)); d++) {
				for (const digit of digits) {
					const v = digit * 10 ** d;
					if (v >= low * 0.999 && v <= high * 1.001) ticks.push(v);
				}
			}
			if (ticks.length <= most || digits.length === 1) return ticks.filter((_, i) => i % Math.ceil(ticks.length / most) === 0);
		}
	}

	function label(v) {
		const magnitude = Math.abs(v);
		if (v === 0) return "0";
		if (magnitude >= 1e6 || magnitude < 1e-4) return v.toExponential().replace("e", " e").replace("+", "");
		return Number(v.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 });
	}

	// nearest is the index of the point of a line that is nearest to x.
	function nearest(xs, x) {
		let low = 0, high = xs.length - 1;
		while (high - low > 1) {
			const middle = (low + high) >> 1;
			if (xs[middle] <= x) low = middle; else high = middle;
		}
		return x - xs[low] <= xs[high] - x ? low : high;
	}

	function extent(lines, key, keep) {
		let low = Infinity, high = -Infinity;
		for (const l of lines) {
			for (const v of l[key]) {
				if (v === null || !keep(v)) continue;
				if (v < low) low = v;
				if (v > high) high = v;
			}
		}
		return [low, high];
	}

	class Chart {
		// of.format writes a value; of.zero lets the axis begin at 0; of.most is the highest value that there can be; of.log offers a
		// logarithmic axis.
		constructor(figure, of) {
			Object.assign(this, { figure, of, lines: [], log: false, at: null });
			if (of.log) this.offerLog();
			this.svg = element("svg:svg", { role: "img", tabindex: 0, "aria-label": figure.dataset.label + ". Left and right arrow keys read it." }, figure);
			this.legend = element("ul", { class: "legend" }, figure);
			this.svg.addEventListener("pointermove", e => this.point(e));
			this.svg.addEventListener("pointerdown", e => this.point(e));
			this.svg.addEventListener("pointerleave", e => { if (e.pointerType === "mouse") this.read(null); });
			this.svg.addEventListener("blur", () => this.read(null));
			this.svg.addEventListener("keydown", e => this.key(e));
			new ResizeObserver(() => { if (figure.clientWidth !== this.drawnFor) this.draw(); }).observe(figure);
		}

		offerLog() {
			const choice = element("span", { class: "choice", role: "group", "aria-label": "Axis" }, this.figure.querySelector("figcaption"));
			const buttons = ["linear", "log"].map(name => element("button", { type: "button", "aria-pressed": name === "linear" }, choice, name));
			buttons.forEach((b, i) => b.addEventListener("click", () => {
				buttons.forEach((other, k) => other.setAttribute("aria-pressed", k === i));
				this.log = i === 1;
				this.draw();
			}));
		}

		// show draws lines: { name, x, y, colour, round, faint, dots }.
		show(lines) {
			this.lines = lines.filter(l => l.x.length > 0);
			this.draw();
		}

		scales() {
			const { width, height, left, right, top, bottom } = this.size;
			let [x0, x1] = extent(this.lines, "x", () => true);
			if (this.of.from !== undefined && this.lines.some(l => l.faint)) x0 = this.of.from;
			if (x0 === x1) { x0 -= 0.5; x1 += 0.5; }
			let [y0, y1] = extent(this.lines, "y", v => !this.log || v > 0);
			if (this.log) {
				if (!(y0 < y1)) { y0 /= 2; y1 = y0 * 4; }
				y0 /= 1.08; y1 *= 1.08;
			} else {
				const margin = (y1 - y0) * 0.06 || Math.abs(y1) * 0.1 || 1;
				y0 = this.of.zero ? 0 : y0 - margin;
				y1 = Math.min(y1 + margin, this.of.most || Infinity);
			}
			const up = this.log ? Math.log : v => v;
			Object.assign(this, { x0, x1, y0, y1 });
			this.px = x => left + (x - x0) / (x1 - x0) * (width - left - right);
			this.py = y => height - bottom - (up(y) - up(y0)) / (up(y1) - up(y0)) * (height - top - bottom);
		}

		draw() {
			const width = Math.max(260, this.figure.clientWidth - 28);
			this.drawnFor = this.figure.clientWidth;
			this.size = { width, height: Math.round(Math.min(300, Math.max(200, width * 0.5))), left: 52, right: 22, top: 10, bottom: 36 };
			const { svg } = this;
			svg.setAttribute("viewBox", `0 0 ${width} ${this.size.height}`);
			svg.replaceChildren();
			this.legend.replaceChildren();
			if (this.lines.length === 0) {
				element("svg:text", { x: width / 2, y: 90, "text-anchor": "middle" }, svg, "nothing yet");
				return;
			}
			this.scales();
			this.axes();
			for (const l of this.lines) this.curve(l);
			this.hand = element("svg:g", {}, svg);
			this.where = element("li", { class: "at" }, this.legend);
			this.values = this.lines.map(l => this.entry(l));
			this.read(this.at);
		}

		axes() {
			const { width, height, left, right, bottom } = this.size;
			const ys = this.log ? logTicks(this.y0, this.y1, 7) : linearTicks(this.y0, this.y1, 6);
			for (const v of ys) {
				element("svg:line", { class: "grid", x1: left, x2: width - right, y1: this.py(v), y2: this.py(v) }, this.svg);
				element("svg:text", { x: left - 7, y: this.py(v) + 4, "text-anchor": "end" }, this.svg, label(v));
			}
			for (const v of linearTicks(this.x0, this.x1, Math.floor((width - left) / 60), true)) {
				element("svg:text", { x: this.px(v), y: height - bottom + 17, "text-anchor": "middle" }, this.svg, label(v));
			}
			element("svg:text", { x: left + (width - left - right) / 2, y: height - 3, "text-anchor": "middle" }, this.svg, "epoch");
		}

		curve(l) {
			let path = "", pen = "M";
			l.x.forEach((x, i) => {
				const y = l.y[i];
				if (y === null || this.log && y <= 0) { pen = "M"; return; }
				path += pen + this.px(x).toFixed(1) + " " + this.py(y).toFixed(1);
				pen = "L";
			});
			element("svg:path", { class: `curve h${l.colour} round${l.round || 0}${l.faint ? " faint" : ""}`, d: path }, this.svg);
			if (!l.dots || l.x.length > 40) return;
			l.x.forEach((x, i) => {
				if (l.y[i] !== null && !(this.log && l.y[i] <= 0)) this.dot(l, i, 3.5, this.svg);
			});
		}

		dot(l, i, r, parent) {
			element("svg:circle", { class: `dot h${l.colour}`, cx: this.px(l.x[i]), cy: this.py(l.y[i]), r }, parent);
		}

		entry(l) {
			const item = element("li", { title: l.name }, this.legend);
			item.append(Chart.mark(l));
			element("span", { class: "name" }, item, l.name);
			return element("b", {}, item);
		}

		// mark is a piece of a line, for legends.
		static mark(l) {
			const svg = element("svg:svg", { class: "mark", viewBox: "0 0 18 8", "aria-hidden": "true" });
			element("svg:path", { class: `curve h${l.colour} round${l.round || 0}${l.faint ? " faint" : ""}`, d: "M1 4H17" }, svg);
			return svg;
		}

		point(e) {
			if (this.lines.length === 0) return;
			const box = this.svg.getBoundingClientRect();
			const at = (e.clientX - box.left) / box.width * this.size.width;
			const { width, left, right } = this.size;
			this.read(this.x0 + (at - left) / (width - left - right) * (this.x1 - this.x0));
		}

		key(e) {
			const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
			if (!by || this.lines.length === 0) return;
			e.preventDefault();
			const xs = this.lines.reduce((a, b) => b.faint || a.x.length >= b.x.length && !a.faint ? a : b).x;
			const i = this.at === null ? xs.length - 1 : nearest(xs, this.at);
			this.read(xs[Math.min(Math.max(i + by, 0), xs.length - 1)]);
		}

		// read shows the values at x, or the last ones.
		read(x) {
			this.at = x;
			if (!this.hand) return;
			this.hand.replaceChildren();
			const known = x !== null ? Math.min(Math.max(x, this.x0), this.x1) : this.x1;
			let place = known, best = Infinity;
			for (const l of this.lines) {
				const at = l.x[nearest(l.x, known)];
				if (!l.faint && Math.abs(at - known) < best) { best = Math.abs(at - known); place = at; }
			}
			const lone = this.lines.every(l => l.faint); // no line has epochs yet
			this.where.textContent = "epoch " + label(Number((lone ? known : place).toFixed(2)));
			if (x !== null) element("svg:line", { class: "cursor", x1: this.px(place), x2: this.px(place), y1: this.size.top, y2: this.size.height - this.size.bottom }, this.hand);
			this.lines.forEach((l, k) => {
				const i = nearest(l.x, l.faint ? known : place);
				const own = l.faint || l.x[i] === place ? "" : " in epoch " + label(l.x[i]); // of a run that has no such epoch
				this.values[k].textContent = l.y[i] === null ? "–" : this.of.format(l.y[i]) + own;
				if (x !== null && l.y[i] !== null && !(this.log && l.y[i] <= 0)) this.dot(l, i, 4.5, this.hand);
			});
		}
	}
	Chart.element = element;
	return Chart;
})();

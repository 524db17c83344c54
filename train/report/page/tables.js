// What tables do when they are pointed at: the confusion matrix reads its cells, others sort.
const Tables = (() => {
	let marked = [];

	function readCell(cell) {
		const row = cell.parentElement, table = cell.closest("table");
		const column = table.tHead.rows[0].cells[cell.cellIndex], head = row.cells[0];
		for (const e of marked) e.classList.remove("on");
		marked = [cell, column, head];
		for (const e of marked) e.classList.add("on");
		const number = c => Number(c.dataset.n || c.textContent || 0);
		const n = number(cell);
		const all = [...row.cells].slice(1).reduce((sum, c) => sum + number(c), 0);
		const name = h => "“" + h.textContent.trim() + "”";
		const what = column.textContent === head.textContent ? "are recognised" : "are taken for " + name(column);
		const share = all ? ` (${(100 * n / all).toFixed(1)}\u202f%)` : "";
		document.getElementById("cell").textContent = `${n.toLocaleString("en")} of ${all.toLocaleString("en")} examples of ${name(head)} ${what}${share}.`;
	}

	function onCell(e) {
		const cell = e.target.closest("#matrix tbody td");
		if (cell) readCell(cell);
	}

	// value is what a cell sorts by: a number where it begins with one.
	function value(cell) {
		const text = cell.textContent.trim();
		const n = parseFloat(text.replace(/,/g, ""));
		return Number.isNaN(n) || !cell.classList.contains("n") ? (cell.classList.contains("n") ? -Infinity : text) : n;
	}

	function sort(head, index) {
		const body = head.closest("table").tBodies[0];
		const down = head.getAttribute("aria-sort") === "descending" || head.getAttribute("aria-sort") === null && !head.classList.contains("n");
		for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
		head.setAttribute("aria-sort", down ? "ascending" : "descending");
		const rows = [...body.rows].sort((a, b) => {
			const x = value(a.cells[index]), y = value(b.cells[index]);
			return (x < y ? -1 : x > y ? 1 : 0) * (down ? 1 : -1);
		});
		body.append(...rows);
	}

	// prepare makes the heads of tables that sort buttons.
	function prepare(root) {
		for (const table of root.querySelectorAll("table.sortable")) {
			[...table.tHead.rows[0].cells].forEach((head, i) => {
				if (head.querySelector(".hidden, button")) return;
				const button = document.createElement("button");
				button.type = "button";
				button.textContent = head.textContent;
				button.addEventListener("click", () => sort(head, i));
				head.replaceChildren(button);
			});
		}
	}

	document.addEventListener("pointerover", onCell);
	document.addEventListener("click", onCell);
	return { prepare };
})();
Tables.prepare(document);

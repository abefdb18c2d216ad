"use strict";
(() => {
  const table = document.getElementById("matrix");
  const search = document.getElementById("search");
  const status = document.getElementById("status");
  const means = document.getElementById("means");
  const shown = document.getElementById("matched");
  const rows = Array.from(table.tBodies[0].rows);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const keep = words.every((word) => text.includes(word))
        && (!status.value || row.dataset.status === status.value)
        && (!means.value || row.dataset.means.split(" ").includes(means.value));
      row.hidden = !keep;
      count += keep ? 1 : 0;
    }
    shown.textContent = `${count} of ${rows.length}`;
  };
  for (const control of [search, status, means]) control.addEventListener("input", filter);
  filter();
})();

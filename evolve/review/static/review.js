// What pages need beside HTML: charts from their specifications, tabs, and (in a report of one file) turning pages.
"use strict";

// Colours are the style sheet's, so that pictures follow a dark ground and print without being drawn again.
const [INK, SOFT, LINE] = ["var(--ink)", "var(--soft)", "var(--line)"];
const THEME = {
  background: "transparent",
  font: "system-ui, sans-serif",
  axis: { labelColor: SOFT, titleColor: INK, gridColor: LINE, domainColor: SOFT, tickColor: SOFT,
    labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
  legend: { labelColor: INK, titleColor: INK, labelFontSize: 12, titleFontSize: 12, labelLimit: 220 },
  title: { color: INK, fontSize: 13, anchor: "start", subtitleColor: SOFT, subtitleFontSize: 12 },
  header: { labelColor: INK, titleColor: INK },
  text: { color: INK }, rule: { color: SOFT }, view: { stroke: LINE },
  range: { category: [0, 1, 2, 3, 4, 5, 6, 7].map((at) => `var(--c${at})`) },
};

// No expression is evaluated as code (ast), and what hostile names hold stays text (the tooltip escapes it).
const OPTIONS = { ast: true, actions: false, defaultStyle: false, renderer: "svg", loader: { target: "_self" }, config: THEME,
  tooltip: { disableDefaultStyle: true } };

async function draw(place) {
  place.dataset.drawn = "yes";
  try {
    const spec = JSON.parse(document.getElementById(place.dataset.spec).textContent);
    if (!spec.vconcat) { place.view = (await vegaEmbed(place, spec, OPTIONS)).view; return; }
    // Panels above each other cannot ask for the width of their place: what axes and legends need is seen once drawn.
    const wide = (width) => { for (const panel of spec.vconcat) panel.width = Math.max(160, Math.floor(width)); };
    const all = place.clientWidth;
    if (all < 700) // labels of boxes fit on a wide place alone
      for (const panel of spec.vconcat) panel.layer = panel.layer.filter((layer) => layer.encoding.text?.field !== "label");
    wide(all - 120);
    let drawn = await vegaEmbed(place, spec, OPTIONS);
    wide(spec.vconcat[0].width + all - place.querySelector("svg").getBoundingClientRect().width - 4);
    drawn.finalize();
    drawn = await vegaEmbed(place, spec, OPTIONS);
    place.view = drawn.view;
  } catch (error) {
    place.textContent = "This picture cannot be drawn: " + error.message;
  }
}

let chosenTab = null; // stays chosen when a running search brings new curves

function dress(root) {
  for (const place of root.querySelectorAll(".vega:not([data-drawn])"))
    if (place.offsetParent !== null) draw(place);
  for (const tabs of root.querySelectorAll(".tabs:not([data-dressed])")) {
    tabs.dataset.dressed = "yes";
    const buttons = [...tabs.querySelectorAll("[role=tab]")];
    const choose = (chosen) => {
      chosenTab = chosen.id;
      for (const button of buttons) {
        const on = button === chosen;
        button.setAttribute("aria-selected", on);
        button.tabIndex = on ? 0 : -1;
        document.getElementById(button.getAttribute("aria-controls")).hidden = !on;
      }
      dress(document.getElementById(chosen.getAttribute("aria-controls")));
    };
    const kept = buttons.find((button) => button.id === chosenTab);
    if (kept) choose(kept);
    buttons.forEach((button, at) => {
      button.addEventListener("click", () => choose(button));
      button.addEventListener("keydown", (event) => {
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        const next = buttons[(to + buttons.length) % buttons.length];
        next.focus();
        choose(next);
      });
    });
  }
}

function redraw() {
  for (const place of document.querySelectorAll(".vega[data-drawn]")) { delete place.dataset.drawn; place.view?.finalize(); }
  dress(document);
}

let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw(); } });
document.addEventListener("htmx:afterSwap", () => dress(document)); // before the browser shows it: no tab flickers
document.addEventListener("toggle", (event) => dress(event.target), true);
document.addEventListener("click", (event) => {
  if (event.target.matches(".skip")) { event.preventDefault(); document.querySelector("main").focus(); }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("select.goto") && event.target.value) location.href = event.target.value;
});

// A report of one file: its pages lie compressed in the file, and the part of the address after # says which is shown.
async function open(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function pathOf(hash) {
  try { return decodeURIComponent(hash); } catch { return hash; }
}

async function report(store) {
  const { pages, texts } = await open(store);
  const main = document.querySelector("main");
  const show = () => {
    const hash = location.hash.slice(1);
    const page = Object.hasOwn(pages, pathOf(hash)) ? pages[pathOf(hash)] : hash ? null : Object.values(pages)[0];
    main.innerHTML = page ? page.html : "<h1>Not in this report</h1><p>A report holds one run; <code>evolve review</code> shows all of an archive.</p>";
    document.title = page ? page.title : "Not in this report";
    for (const place of main.querySelectorAll("[data-text]")) place.textContent = texts[place.dataset.text];
    for (const link of document.querySelectorAll("nav.site a"))
      if (page && pages[pathOf(link.hash.slice(1))] === page) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    scrollTo(0, 0);
    dress(main);
    main.focus({ preventScroll: true });
  };
  addEventListener("hashchange", show);
  show();
}

document.addEventListener("DOMContentLoaded", () => {
  const store = document.getElementById("pages");
  if (store) report(store); else dress(document);
});

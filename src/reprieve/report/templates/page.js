// Each figure is drawn live when it comes near the screen, in the width that fits; without this
// script, and on paper, its still picture stays.
const wide = matchMedia("(min-width: 760px)");
const figures = [...document.querySelectorAll("figure[data-live]")];

function draw(figure) {
  const wanted = wide.matches ? "wide" : "narrow";
  const source = figure.querySelector(`script[data-width="${wanted}"]`);
  if (!source || figure.dataset.live === wanted) return;
  figure.dataset.live = wanted;
  const options = { actions: false, renderer: "svg" };
  window.vegaEmbed(figure.querySelector(".live"), JSON.parse(source.textContent), options)
    .then(() => figure.classList.add("drawn"))
    .catch((error) => console.error(error));
}

const near = new IntersectionObserver(
  (seen) => seen.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
  { rootMargin: "600px" },
);
figures.forEach((figure) => near.observe(figure));
wide.addEventListener("change", () =>
  figures.filter((figure) => figure.dataset.live).forEach(draw),
);

// A link to a source opens the list that holds it.
function open() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const list = target && target.closest("details");
  if (list) {
    list.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", open);
open();

// On paper every list is open.
addEventListener("beforeprint", () =>
  document.querySelectorAll("details[data-print]").forEach((list) => (list.open = true)),
);

// Whoever changes the language goes on reading where they are: headings have the same anchors.
addEventListener("click", event => {
  const link = event.target.closest("a.md-select__link[hreflang]")
  if (!link) return
  const titles = [...document.querySelectorAll("article :is(h1, h2, h3, h4)[id]")]
  const read = titles.findLast(title => title.getBoundingClientRect().top < innerHeight / 3)
  link.hash = read && read.tagName !== "H1" ? read.id : ""
})
// What opens and closes by Enter does so by the space bar, too: the groups of the navigation.
addEventListener("keydown", event => {
  if (event.key !== " " || !event.target.matches?.("label[tabindex='0']")) return
  event.preventDefault()
  event.target.click()
})
// What is too wide and scrolls sideways can be reached, and scrolled, by keys.
const wide = new ResizeObserver(entries => {
  for (const { target } of entries)
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0
    else target.removeAttribute("tabindex")
})
document$.subscribe(() => {
  for (const box of document.querySelectorAll("div.math, .md-typeset__scrollwrap")) wide.observe(box)
})

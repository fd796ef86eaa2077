// Whoever changes the language goes on reading where they are: headings have the same anchors.
addEventListener("click", event => {
  const link = event.target.closest("a.md-select__link[hreflang]")
  if (!link) return
  const titles = [...document.querySelectorAll("article :is(h1, h2, h3, h4)[id]")]
  const read = titles.findLast(title => title.getBoundingClientRect().top < innerHeight / 3)
  link.hash = read && read.tagName !== "H1" ? read.id : ""
})

// Whoever comes from the search: open the section that answers, and mark in it the words asked for.
{
  // Enter opens the result that stands first; the theme would open the one that it counted highest
  addEventListener("keydown", event => {
    const first = document.querySelector(".md-search-result__item > a")
    if (event.key !== "Enter" || !event.target.matches?.(".md-search__input") || !first) return
    event.stopImmediatePropagation()
    event.preventDefault()
    first.click()
  }, true)

  const asked = new URLSearchParams(location.search)
  if (asked.has("h")) {
    const anchor = asked.get("at") || decodeURIComponent(location.hash.slice(1))
    history.replaceState(null, "", location.pathname)
    const start = document.getElementById(anchor) || document.querySelector("article h1")
    if (anchor) location.replace(`#${anchor}`)
    mark(start, asked.get("h").split(" ").filter(Boolean))
  }

  function mark(start, words) {
    if (!start || !words.length) return
    const level = title => Number(title.tagName[1])
    const heading = start.closest("h1, h2, h3, h4") || start.querySelector("h1, h2, h3, h4") || start
    const titles = [...document.querySelectorAll("article :is(h1, h2, h3, h4)")]
    const after = titles.slice(titles.indexOf(heading) + 1)
    // A page's beginning ends at its first section, another section at the next that is no part of it
    const end = after.find(title => level(heading) === 1 || level(title) <= level(heading))
    const follows = (a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING
    const word = words.map(each => each.replace(/[^\p{L}\p{N}]/gu, "\\$&")).join("|")
    const whole = /\p{sc=Han}/u.test(word) ? `(${word})` : `(?<![\\p{L}\\p{N}])(${word})(?![\\p{L}\\p{N}])`
    const pattern = new RegExp(whole, "giu")
    const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT)
    const texts = []
    for (let text; (text = walker.nextNode());) {
      const inside = heading.contains(text) || follows(heading, text)
      if (!inside || (end && (end.contains(text) || follows(end, text)))) continue
      if (!text.parentElement.closest("math, svg, button, script, style, .headerlink")) texts.push(text)
    }
    for (const text of texts) {
      const parts = text.data.split(pattern)
      if (parts.length === 1) continue
      text.replaceWith(...parts.map((part, index) => {
        if (index % 2 === 0) return part
        const found = document.createElement("mark")
        found.textContent = part
        return found
      }))
    }
  }
}

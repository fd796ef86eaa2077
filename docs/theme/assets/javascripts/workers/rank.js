// The theme's search, with a step of our own on either side. Before it, the words of a query
// become those of the pages: misspelt ones are mended, names written as one word are split, and
// words that only make a sentence of it are left out. After it, the pages are put in another order,
// and lead to the section that answers. The theme counts a word in a name like a million in the
// text, so what is pasted from a traceback would lead wherever a name shares a word with it.
// What it buys: pasted error messages find their section, and misspelt names their page.
const SETUP = 0, QUERY = 2, RESULT = 3
const SAID = new Set(`runtimeerror valueerror typeerror indexerror userwarning
  a about after am an and are as at be been but by can could do does example few for from function get getting give good have how i if in into is it its keep keeps may me my
  need of on one or our please problem pytorch question should so some than that the their them
  then there this to torch use used using want was we what when where which while why will
  would you your 为 为什么 什么 怎么 怎么办 如何 的 了 吗 呢 是 用 哪个 哪些 和 一直 会 要 要不要
  總是 為 為什麼 什麼 怎麼 怎麼辦 嗎 哪個 一直`.split(/\s+/))
const [listen, post] = [self.addEventListener, self.postMessage]
let answer, separator, sections, count, spelt, together, typed, asked
self.addEventListener = (_, theme) => { answer = theme }
self.postMessage = message => {
  if (message.type === RESULT) order(message.data.items)
  post.call(self, message)
}
importScripts(location.hash.slice(1))
// lunr tells sets of words apart by labels and numbers written in one: with many numbers among the
// words, two were taken for one, and a query with "1" found nothing
lunr.TokenSet.prototype.toString = function () {
  const edges = Object.keys(this.edges).sort().map(label => `${label}>${this.edges[label].id},`)
  return this._str || (this.final ? "1" : "0") + edges.join("")
}
self.addEventListener = listen
self.addEventListener("message", ({ data: message }) => {
  if (message.type === SETUP) read(message.data)
  if (message.type === QUERY) {
    const query = understood(words(message.data))
    typed = telling(query)
    asked = typed.map(stem)
    message = { ...message, data: typed.join(" ") }
  }
  answer({ data: message })
})

function words(text) {
  const plain = text.replace(/<[^>]*>/g, " ").replace(/&\w+;/g, " ")
  return plain.split(separator).filter(Boolean).map(word => word.toLowerCase())
}

const telling = list => {
  const left = list.filter(word => !SAID.has(word))
  return left.length ? left : list
}

const stem = word => word.replace(/(?<=[a-z]{3})(ing|ed|es|(?<!s)s|e)$/, "")

// Of every section, its words; of every word, in how many sections it is
function read({ config, docs }) {
  separator = new RegExp(config.separator)
  ;[sections, count, spelt, together] = [new Map(), new Map(), new Map(), new Map()]
  for (const { location, title, text, tags = [], about = "", boost = 1 } of docs) {
    const names = tags.map(words)
    for (const name of names)
      for (let start = 0; start < name.length; start++)
        for (let end = start + 2; end <= name.length; end++)
          together.set(name.slice(start, end).join(""), name.slice(start, end))
    const parts = [title, text, about].map(words)
    for (const word of new Set([...parts, ...names].flat()))
      spelt.set(word, (spelt.get(word) || 0) + 1)
    const [heading, body, purpose] = parts.map(part => telling(part).map(stem))
    const section = { heading, body, boost, names: names.map(name => telling(name).map(stem)) }
    section.about = new Set([...heading, ...purpose, ...section.names.flat()])
    section.all = new Set([...section.about, ...body])
    for (const word of section.all) count.set(word, (count.get(word) || 0) + 1)
    sections.set(location, section)
  }
}

function understood(query) {
  return query.flatMap((word, index) => {
    if (together.has(word)) return together.get(word)
    if (/^\p{sc=Han}+$/u.test(word)) return cut(word)
    if (!/^[a-z]{4,}$/.test(word) || spelt.has(word)) return word
    if (index === query.length - 1) {  // the last word may not be whole yet
      for (const other of spelt.keys()) if (other.startsWith(word) && !together.has(other)) return word
      for (const [name, parts] of together) if (name.startsWith(word)) return parts
    }
    const other = nearest(word)
    return together.get(other) || other
  })
}

// Chinese has no spaces: take the longest words of the pages, one after the other
function cut(text) {
  const found = []
  for (let start = 0, end; start < text.length; start = end) {
    for (end = text.length; end > start + 1 && !spelt.has(text.slice(start, end));) end--
    found.push(text.slice(start, end))
  }
  return found
}

// Allow one slip in every three letters, but not in the first
function nearest(word) {
  let best = word, least = Math.floor(word.length / 3) + 0.5
  for (const other of [...spelt.keys(), ...together.keys()]) {
    if (other[0] !== word[0] || Math.abs(other.length - word.length) > least) continue
    // Of two as near, the more usual one
    const slips = distance(word, other) - (spelt.get(other) || 0) / 1e5
    if (slips < least) [best, least] = [other, slips]
  }
  return best
}

// Count the letters too many, missing, wrong, or exchanged
function distance(a, b) {
  const rows = [[...Array(b.length + 1).keys()]]
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i]
    for (let j = 1; j <= b.length; j++) {
      const wrong = a[i - 1] === b[j - 1] ? 0 : 1
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + wrong)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1)
    }
  }
  return rows[a.length][b.length]
}

// Rare words say more; one that is everywhere says nothing
const weight = word => Math.log((1 + sections.size) / (0.5 + (count.get(word) || 0)))
const sum = list => [...new Set(list)].reduce((total, word) => total + weight(word), 0)

// How much of the query stands in these words in one piece, at best
function piece(list, query) {
  let best = 0, before = []
  for (const word of list) {
    const now = []
    query.forEach((other, index) => {
      if (other === word) best = Math.max(best, now[index] = (before[index - 1] || 0) + weight(word))
    })
    before = now
  }
  return best
}

// What the names are worth whose words are all in the query, and most those that are the query
const named = names => Math.max(0, ...names
  .filter(name => name.every(word => asked.includes(word)))
  .map(name => sum(name) * (name.length === asked.length ? 3 : 1)))

const worth = (section, query) =>
  sum(query.filter(word => section.all.has(word))) +
  sum(query.filter(word => section.about.has(word))) * 0.8 +
  Math.max(piece(section.body, query), piece(section.heading, query) * 1.5)

function order(groups) {
  const worths = new Map()
  for (const items of groups) {
    const page = sections.get(items[0].location.split("#")[0])
    const found = items.map(({ location }) => {
      const section = sections.get(location)
      return worth(section, asked) + (section === page ? 0 : named(section.names))
    })
    const all = found.reduce((total, score) => total + score, 0)
    worths.set(items, page.boost * (Math.max(...found) + named(page.names) + all * 0.02))
    lead(items, page)
  }
  groups.sort((a, b) => worths.get(b) - worths.get(a))
}

// Let a result open at the section that answers what the page's names leave open, and tell the page
// which words were asked for. The page's own code and list of parameters answer nobody's question.
function lead(items, page) {
  const known = new Set(page.names.flat())
  const open = asked.filter(word => !known.has(word))
  let best = 0, section
  for (const { location } of items) {
    const found = sections.get(location)
    const score = worth(found, open) + (found === page ? 0 : named(found.names))
    if (open.length && score > best && !/#(losses\.|take-this)/.test(location))
      [best, section] = [score, location.split("#")[1]]
  }
  const words = [...new Set(typed)].filter(word => count.get(stem(word)) < sections.size / 3)
  for (const item of items) {
    const [path, anchor] = item.location.split("#")
    const query = new URLSearchParams({ h: words.join(" ") })
    if (!anchor && section) query.set("at", section)
    item.location = `${path}?${query}${anchor ? `#${anchor}` : ""}`
  }
}

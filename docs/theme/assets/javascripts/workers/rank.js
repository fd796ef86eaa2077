// The theme's search, with a step of our own on either side. Before it, the words of a query
// become those of the pages: misspelt ones are mended, names written as one word are split. After
// it, the pages are put in another order. The theme counts a word in a name like a million in the
// text, so what is pasted from a traceback would lead wherever a name shares a word with it.
// What it buys: pasted error messages find their section, and misspelt names their page.
const SETUP = 0, QUERY = 2, RESULT = 3
const [listen, post] = [self.addEventListener, self.postMessage]
let answer, separator, sections, count, spelt, together, asked
self.addEventListener = (_, theme) => { answer = theme }
self.postMessage = message => {
  if (message.type === RESULT) order(message.data.items)
  post.call(self, message)
}
importScripts(location.hash.slice(1))
self.addEventListener = listen
self.addEventListener("message", ({ data: message }) => {
  if (message.type === SETUP) read(message.data)
  if (message.type === QUERY) {
    const query = understood(words(message.data))
    asked = query.map(stem)
    message = { ...message, data: query.join(" ") }
  }
  answer({ data: message })
})

function words(text) {
  const plain = text.replace(/<[^>]*>/g, " ").replace(/&\w+;/g, " ")
  return plain.split(separator).filter(Boolean).map(word => word.toLowerCase())
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
    const [heading, body, purpose] = parts.map(part => part.map(stem))
    const section = { heading, body, boost, names: names.map(name => name.map(stem)) }
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

// Rare words say more
const weight = word => Math.log(1 + sections.size / (count.get(word) || 0.5))
const sum = list => list.reduce((total, word) => total + weight(word), 0)

// How much of the query stands in these words in one piece, at best
function piece(list) {
  let best = 0, before = []
  for (const word of list) {
    const now = []
    asked.forEach((other, index) => {
      if (other === word) best = Math.max(best, now[index] = (before[index - 1] || 0) + weight(word))
    })
    before = now
  }
  return best
}

function order(groups) {
  const worth = items => {
    const page = sections.get(items[0].location.split("#")[0])
    const found = items.map(item => sections.get(item.location)).map(section =>
      sum(asked.filter(word => section.all.has(word))) +
      sum(asked.filter(word => section.about.has(word))) * 0.8 +
      Math.max(piece(section.body), piece(section.heading) * 1.5)
    )
    // Names whose words are all in the query, and most of all those that are the query
    const named = page.names
      .filter(name => name.every(word => asked.includes(word)))
      .map(name => sum(name) * (name.length === asked.length ? 3 : 1))
    const all = found.reduce((total, score) => total + score, 0)
    return page.boost * (Math.max(...found) + Math.max(0, ...named) + all * 0.02)
  }
  const worths = new Map(groups.map(items => [items, worth(items)]))
  groups.sort((a, b) => worths.get(b) - worths.get(a))
}

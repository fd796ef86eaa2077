// On the page "Fix an error": what is pasted is looked for in the list of symptoms that stands there.
{
  const field = document.getElementById("message")
  const list = document.getElementById("symptoms")
  if (field && list) {
    // Every Chinese character is a word; the kind of an error says little, and these say nothing
    const idle = new Set(("a an and are as at be because but by do does for from has have how i in is it "
      + "its me my of on or so that the then this to was what when where why with").split(" "))
    const words = text => (text.toLowerCase().match(/\p{sc=Han}|[\p{L}_][\p{L}\p{N}_]*|\d+\.\d+/gu) || [])
      .filter(word => !/.(error|warning)$/.test(word) && !idle.has(word))
    const items = [...list.children].map(item => {
      const title = new Set(words(item.textContent))
      return { item, title, all: new Set([...title, ...words(item.dataset.words)]) }
    })
    const count = new Map()
    for (const { all } of items) for (const word of all) count.set(word, (count.get(word) || 0) + 1)
    const weight = word => Math.log((1 + items.length) / (0.5 + count.get(word)))
    const sum = list => [...list].reduce((total, word) => total + weight(word), 0)

    field.addEventListener("input", () => {
      // Of a traceback, what it ends with
      const lines = field.value.split("\n").filter(line => line.trim())
      const last = lines.findLast(line => /^\s*[\w.]*(Error|Warning|Exception)\b/.test(line))
      const asked = [...new Set(words(last || field.value))].filter(word => count.has(word))
      const found = items.map(({ item, title, all }) => {
        const inTitle = asked.filter(word => title.has(word))
        // Of two that know as much of it, the one whose title says little else
        return [sum(asked.filter(word => all.has(word))) + 0.35 * sum(inTitle) ** 2 / sum(title), item]
      })
      const best = found.filter(([score]) => score > 0).sort((a, b) => b[0] - a[0]).slice(0, 8)
      document.getElementById("answers").replaceChildren(...best.map(([, item]) => item.cloneNode(true)))
    })
  }
}

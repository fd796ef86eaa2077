// The button above a page copies its Markdown. Without this script, without a server, or with a
// modifier key, it is a link to that.
addEventListener("click", event => {
  const link = event.target.closest("a[data-copied]")
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
  if (!link || elsewhere || !window.ClipboardItem || location.protocol === "file:") return
  event.preventDefault()
  const text = fetch(link.href).then(answer => answer.text())
  const item = { "text/plain": text.then(text => new Blob([text], { type: "text/plain" })) }
  navigator.clipboard.write([new ClipboardItem(item)])
    .then(() => alert$.next(link.dataset.copied), () => (location = link.href))
})

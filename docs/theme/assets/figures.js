// Sliders under figures: show the line for the chosen value, drawn at build. Without this script
// the figure shows a few values at once and no slider.
document$.subscribe(() => {
  for (const control of document.querySelectorAll(".figure .control")) {
    const figure = control.closest(".figure")
    const [input, output] = [control.querySelector("input"), control.querySelector("output")]
    const settings = input.dataset.settings.split("|")
    const panels = [...figure.querySelectorAll("svg")]
    const whole = panels.map(svg => svg.getAttribute("aria-label"))
    const show = () => {
      figure.classList.add("live")
      output.value = settings[input.value]
      input.setAttribute("aria-valuetext", `${input.dataset.name} = ${output.value}`)
      panels.forEach((svg, index) => {
        for (const step of svg.querySelectorAll(".step"))
          step.classList.toggle("shown", step.dataset.step === input.value)
        const shown = svg.querySelector(".step.shown")
        svg.setAttribute("aria-label", `${shown.dataset.alt} ${whole[index]}`)
      })
    }
    output.value = settings[input.value]
    input.setAttribute("aria-valuetext", `${input.dataset.name} = ${output.value}`)
    input.oninput = show
    control.hidden = false
  }
})

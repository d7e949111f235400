// What the tests run inside the page: an expression, an object of functions.
(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })

  function rgba(css) {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = css
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }

  const over = ([r, g, b, a], below) => [r, g, b].map((value, i) => value * a / 255 + below[i] * (1 - a / 255))

  /** Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance. */
  const luminance = (colour) => colour.map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0)

  function ground(element) {
    const layers = []
    for (let at = element; at; at = at.parentElement) {
      layers.unshift(rgba(getComputedStyle(at).backgroundColor))
      if (layers[0][3] === 255) break
    }
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255])
  }

  function contrastOf(element) {
    const back = ground(element)
    const fore = over(rgba(getComputedStyle(element).color), back)
    const [light, dark] = [luminance(fore), luminance(back)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }

  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })

  /** Visible texts with less contrast than AA asks for. */
  function contrast() {
    const poor = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const { data, parentElement: element } = texts.currentNode
      if (!data.trim() || !visible(element) || element.closest('.avatar, .sr-only, noscript, :disabled')) continue
      const { fontSize, fontWeight } = getComputedStyle(element)
      const size = parseFloat(fontSize)
      const least = size >= 24 || (size >= 18.7 && fontWeight >= 700) ? 3 : 4.5
      if (contrastOf(element) < least) poor.push(`${data.trim().slice(0, 30)} (.${element.className}): ${contrastOf(element).toFixed(2)}`)
    }
    return poor
  }

  const named = (element) => element.ariaLabel || element.textContent.trim() || element.labels?.length
    || element.getAttribute('aria-labelledby') || element.alt || element.querySelector('img:not([alt=""])')

  /** Visible controls and pictures without a name. */
  const unnamed = () => [...document.querySelectorAll('button, a[href], input, textarea, select, img, [role=combobox], [role=button], section')]
    .filter((element) => visible(element) && !named(element) && !element.matches('img[alt=""]'))
    .map((element) => element.outerHTML.slice(0, 120))

  function duplicateIds() {
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
    return ids.filter((id, at) => ids.indexOf(id) !== at)
  }

  /** Drop or paste a PNG (base64) as a browser would tell it. */
  function give(data, way) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0))
    const transfer = new DataTransfer()
    transfer.items.add(new File([bytes], way === 'paste' ? 'image.png' : 'dropped.png', { type: 'image/png' }))
    if (way === 'paste') {
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true }))
      return
    }
    const place = document.querySelector('.pane-head')
    for (const type of ['dragenter', 'dragover', 'drop']) place.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true }))
  }

  /** What has the focus, and whether that can be seen. */
  function focus() {
    const element = document.activeElement
    const shown = getComputedStyle(element).outlineStyle !== 'none' || element.matches('.textbox, body') || element.closest('.attach')
    return [element.ariaLabel ?? element.textContent.trim().slice(0, 30), Boolean(shown)]
  }

  return { contrast, unnamed, duplicateIds, give, focus }
})()

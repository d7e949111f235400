// The event stream: keeps one EventSource open and reports connections and losses.

const RETRY_MS = [500, 1000, 2000, 4000]

/**
 * Connect to /client/events. `onOpen` (async) is called on every connection and must reload everything; `onLost` is
 * called on every loss and, with the error, when `onOpen` fails. `onEvent` receives the events as {t, d}, in order.
 */
export function connect(url, { onOpen, onEvent, onLost }) {
  let source
  let losses = 0

  function open() {
    source = new EventSource(url)
    source.onopen = () => onOpen().then(() => (losses = 0), lose)
    source.onmessage = (message) => onEvent(JSON.parse(message.data))
    source.onerror = () => lose()
  }

  function lose(error) {
    source.close()
    onLost(error)
    setTimeout(open, RETRY_MS[Math.min(losses++, RETRY_MS.length - 1)])
  }

  open()
}

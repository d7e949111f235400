// Dark or light theme: the system's, unless the user chose one.

const KEY = 'theme'

export const theme = () => localStorage.getItem(KEY) ?? 'auto'

export function setTheme(name) {
  if (name === 'auto') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, name)
  applyTheme()
}

export function applyTheme() {
  const name = theme()
  document.documentElement.style.colorScheme = name === 'auto' ? 'light dark' : name
}

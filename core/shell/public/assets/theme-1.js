// Runs before the first paint, so that a dark screen never flashes white. The file's name changes with its content.
const theme = localStorage.getItem('opsflux.theme')
const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
document.documentElement.classList.toggle('dark', dark)

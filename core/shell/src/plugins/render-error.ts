/**
 * Where an error in a plugin's component leaves a broken page (render, setup, life-cycle hooks, lazy loading), as against an event
 * handler, whose page still stands. Vue passes the place as words in development and as an address ending in its code in production.
 */
export function breaksPage(info: string): boolean {
  const code = /#runtime-(\w+)$/.exec(info)?.[1]
  if (code !== undefined) return ['0', '1', '13', '14', 'bc', 'c', 'bm', 'm', 'bu', 'u', 'sp'].includes(code)
  return /setup function|render function|async component|beforeCreate|created|[mM]ount|[uU]pdate/.test(info)
}

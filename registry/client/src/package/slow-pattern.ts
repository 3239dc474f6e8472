/** Quantifiers in one pattern that more than `large` repetitions satisfy. */
const mostOpen = 2
const large = 100

/**
 * Whether a regular expression of a stranger may take long on a text of some dozen characters. JavaScript's engine tries all ways
 * to match: where something that varies is itself repeated, their number doubles with each character. When in doubt it may.
 */
export function mayBeSlow(source: string): boolean {
  const varies = [false]
  let [last, open] = [false, 0]
  for (const [token] of source.matchAll(/\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|[^])|\[(?:\\[^]|[^\]\\])*\]|\((?:\?(?:<?[=!]|:|<[^>]*>|[^)]*:))?|\)|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/gu)) {
    const isBackReference = /^\\[1-9k]/.test(token)
    const isLookAround = /^\(\?<?[=!]/.test(token)
    if (isBackReference || isLookAround) return true
    if (token.startsWith('(')) varies.push(false)
    else if (token === ')') {
      last = varies.pop() ?? true
      if (last && varies.length > 0) varies[varies.length - 1] = true
    } else if (token === '|') varies[varies.length - 1] = true
    else if (/^[*+?]|^\{\d/.test(token)) {
      const most = mostOf(token)
      if (last && most > 1) return true
      varies[varies.length - 1] = true
      if (most > large) open += 1
    } else last = false
  }
  return open > mostOpen
}

function mostOf(quantifier: string): number {
  if (!quantifier.startsWith('{')) return quantifier.startsWith('?') ? 1 : Infinity
  const [, least = '0', comma, most] = /^\{(\d+)(,)?(\d*)/.exec(quantifier) ?? []
  return comma === undefined ? Number(least) : most ? Number(most) : Infinity
}

import { marked, type Token } from 'marked'

/** HTML of a text in a package, with its headings below those of the page; raw HTML in it is left for who shows it to clean. */
export function packageHtml(text: string): string {
  return marked.parse(text, { async: false, gfm: true, walkTokens: lower })
}

function lower(token: Token): void {
  if (token.type === 'heading') token.depth = Math.min(6, Number(token.depth) + 1)
}

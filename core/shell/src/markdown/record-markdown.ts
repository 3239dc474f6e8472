import { Marked, type Tokens } from 'marked'

/**
 * Characters that may open or close emphasis times characters of their paragraph, summed: the parser looks for the end of each to the
 * end of the paragraph. About 15 ms; what people write stays far below.
 */
const maxEffort = 1_000_000
const linkable = /^(https?|mailto):/i

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
const linkTo = (href: string, inner: string): string => (linkable.test(href) ? `<a href="${escape(href)}" target="_blank" rel="noopener noreferrer nofollow">${inner}</a>` : inner)

const parser = new Marked({
  // GFM is CommonMark and more; a soft line break may be shown as one (CommonMark 6.13), and is what who typed it sees.
  gfm: true, breaks: true,
  // Below the headings of the page and of the record.
  walkTokens: (token) => { if (token.type === 'heading') token['depth'] = Math.min(6, Number(token['depth']) + 3) },
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escape(text),
    link({ href, tokens }: Tokens.Link) { return linkTo(href, this.parser.parseInline(tokens)) },
    // Where an image is loaded from learns who reads: only a link to it is shown.
    image: ({ href, text }: Tokens.Image) => linkTo(href, escape(text || href)),
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? '☑ ' : '☐ '),
  },
})

/**
 * HTML of CommonMark that somebody wrote into a record: raw HTML in it is text, and links lead to `http`, `https` and `mailto` in a page
 * of their own. Undefined for a text that takes too long or nests too deep; it is shown as it was written.
 */
export function recordHtml(text: string): string | undefined {
  if (effortOf(text) > maxEffort) return undefined
  try {
    return parser.parse(text, { async: false })
  } catch (error) {
    // Nested deeper than the stack.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function effortOf(text: string): number {
  const efforts = text.split(/\n[ \t]*\n/).map((paragraph) => paragraph.length * (paragraph.match(/[*_~]/g)?.length ?? 0))
  return efforts.reduce((sum, effort) => sum + effort, 0)
}

import { describe, expect, test } from 'vitest'
import { recordHtml } from './record-markdown.ts'

const html = (text: string): string => recordHtml(text)?.trim() ?? 'as written'

describe('CommonMark in a record', () => {
  test('is formatted, and a line that ends where it was typed ends there', () => {
    expect(html('**Bold** and *more*\nnext line')).toBe('<p><strong>Bold</strong> and <em>more</em><br>next line</p>')
    expect(html('1. one\n2. two')).toBe('<ol>\n<li>one</li>\n<li>two</li>\n</ol>')
    expect(html('- [x] done\n- [ ] open')).toContain('☑ ')
    expect(html('| a |\n|---|\n| b |')).toContain('<table>')
  })

  test('has its headings below those of the page', () => {
    expect(html('# One')).toBe('<h4>One</h4>')
    expect(html('###### Six')).toBe('<h6>Six</h6>')
  })

  test('opens links in a page of their own, which learns nothing of this one', () => {
    const rest = 'target="_blank" rel="noopener noreferrer nofollow"'
    expect(html('[log](https://example.com/?a=1&b="2")')).toBe(`<p><a href="https://example.com/?a=1&#38;b=&#34;2&#34;" ${rest}>log</a></p>`)
    expect(html('https://example.com')).toBe(`<p><a href="https://example.com" ${rest}>https://example.com</a></p>`)
    expect(html('<ops@example.com>')).toContain('href="mailto:ops@example.com"')
  })

  test.each(['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\tscript:alert(1)', 'data:text/html,x', 'vbscript:x', '//evil.example', '/api/session', ' javascript:alert(1)', '&#106;avascript:alert(1)', 'blob:x', 'file:///etc/passwd'])('has no link to %s', (href) => {
    expect(html(`[here](<${href}>)`)).not.toContain('<a')
    expect(html(`[here][1]\n\n[1]: <${href}>`)).not.toContain('<a')
  })

  test('loads no image: there is a link to it, or its name', () => {
    expect(html('![Valve 12](https://evil.example/pixel.png)')).toMatch(/^<p><a href="https:\/\/evil\.example\/pixel\.png"[^>]*>Valve 12<\/a><\/p>$/)
    expect(html('![<img src=x>](data:image/png;base64,x)')).toBe('<p>&#60;img src=x&#62;</p>')
    expect(html('![](https://evil.example/pixel.png)')).not.toContain('<img')
  })

  test.each([
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', 'a <b onclick=alert(1)>b</b>', '<!-- x -->', '<svg/onload=alert(1)>', '<a href="javascript:alert(1)">x</a>', '<iframe srcdoc="<script>">', '<style>*{display:none}</style>',
    '> <form action=x>', '- <input autofocus>', '| <td> |\n|---|\n| <script> |', '[<img src=x>](https://a.example)', '`<b>`', '```\n<b>\n```', '```"><script>\nx\n```', '# <img src=x>', '<https://a.example/"onmouseover="alert(1)>',
  ])('shows raw HTML as text: %s', (text) => {
    const tags = [...html(text).matchAll(/<\/?([a-z0-9]+)((?: [a-z]+="[^"<>]*")*)>|</gi)].map(([whole, name, attributes]) => ({ whole, name, attributes: [...(attributes ?? '').matchAll(/ ([a-z]+)=/g)].map(([, one]) => one) }))
    for (const { whole, name, attributes } of tags) {
      expect(['p', 'br', 'a', 'ul', 'li', 'blockquote', 'code', 'pre', 'h4', 'table', 'thead', 'tbody', 'tr', 'th', 'td'], whole).toContain(name)
      expect(['href', 'target', 'rel', 'class'], whole).toEqual(expect.arrayContaining(attributes))
    }
  })

  test('is shown as written where it would hold up the page, or nests deeper than there is room for', () => {
    expect(html('*a_'.repeat(3_333))).toBe('as written')
    expect(html('*a* '.repeat(350))).toContain('<em>a</em>')
    expect(html('*a* and _b_\n\n'.repeat(700))).toContain('<em>b</em>')
    expect(html('>'.repeat(10_000))).toBe('as written')
  })
})

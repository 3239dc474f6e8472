import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { renderIndex } from './index-html.ts'

const shell = { imports: { vue: '/assets/vue-1.js' }, integrity: { '/assets/vue-1.js': 'sha384-A' }, classes: [], cssEntry: 'styles.css' }
const source = '<html><head><!--opsflux:head--></head></html>'

test('the page has one import map with the integrity of shell and plugins, and its policy names that map', () => {
  const { html, csp } = renderIndex(shell, source, { integrity: { '/assets/modules/a/1/index.js': 'sha384-B', '/assets/modules/a/1/a.css': 'sha384-C' }, stylesheet: '/assets/styles/1.css' })
  const map = /<script type="importmap">(.*?)<\/script>/.exec(html)?.[1] ?? ''
  expect(JSON.parse(map)).toEqual({ imports: shell.imports, integrity: { '/assets/vue-1.js': 'sha384-A', '/assets/modules/a/1/index.js': 'sha384-B' } })
  expect(csp).toContain(`script-src 'self' 'sha256-${createHash('sha256').update(map).digest('base64')}'`)
  expect(csp).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline/)
  expect(html).toContain('<link rel="stylesheet" href="/assets/styles/1.css" data-opsflux-styles>')
})

test('nothing in the map can end the script', () => {
  const { html } = renderIndex(shell, source, { integrity: { '/assets/</script><script>alert(1)//.js': 'sha384-B' }, stylesheet: '/"><script>' })
  expect(html.match(/<script/g)).toHaveLength(1)
  expect(html).not.toContain('alert(1)//.js"</script>')
})

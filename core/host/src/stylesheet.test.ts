import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isSafeClass } from '@opsflux/sdk'
import { Stylesheets } from './stylesheet.ts'

function shellDist(): string {
  const dist = mkdtempSync(join(tmpdir(), 'opsflux-styles-'))
  writeFileSync(join(dist, 'styles.css'), "@import 'tailwindcss' source(none);")
  writeFileSync(join(dist, 'shell-manifest.json'), JSON.stringify({ imports: {}, integrity: {}, classes: ['p-4', 'text-sm'], cssEntry: 'styles.css' }))
  return dist
}

test('one stylesheet holds the classes of the shell and of the plugins, in one order', async () => {
  const sheets = new Stylesheets(shellDist())
  const { url, css } = await sheets.for(['p-8', 'grid-cols-[1fr_2fr]'])
  expect(url).toMatch(/^\/assets\/styles\/[0-9a-f]{16}\.css$/)
  expect(css.indexOf('.p-4')).toBeLessThan(css.indexOf('.p-8'))
  expect(css).toContain('1fr 2fr')
  expect(sheets.get(url)).toBe(css)
})

test('the same classes in any order make the same stylesheet; without a plugin its classes are gone', async () => {
  const sheets = new Stylesheets(shellDist())
  const [one, other, none] = await Promise.all([sheets.for(['p-8', 'm-8']), sheets.for(['m-8', 'p-8', 'p-8']), sheets.for([])])
  expect(other).toBe(one)
  expect(none.css).not.toContain('.p-8')
})

test('a class that would load something is left out of the stylesheet', async () => {
  const { css } = await new Stylesheets(shellDist()).for(['bg-[url(https://example.org/x)]', "bg-[image-set('x')]", 'p-8'])
  expect(css).not.toContain('example.org')
  expect(css).not.toContain('image-set(')
})

test.each(['p-4', 'md:hover:bg-primary/50', 'grid-cols-[repeat(2,minmax(0,1fr))]', 'data-[state=open]:p-2', '-mx-1!'])('%s is an honest class', (name) => {
  expect(isSafeClass(name)).toBe(true)
})

test.each(['', 'p-4}body{display:none', 'a b', `p-[${'1'.repeat(200)}]`, 'bg-[url(x)]', "content-['\\75rl(x)']"])('%s is not', (name) => {
  expect(isSafeClass(name)).toBe(false)
})

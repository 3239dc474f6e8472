import { cp, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { Ceremony, opsflux } from './testing.ts'

const guide = fileURLToPath(new URL('../../../../../docs/guides/registry-keys.md', import.meta.url))
const hello = fileURLToPath(new URL('../../../../../tests/fixtures/hello', import.meta.url))
const here = process.cwd()
afterEach(() => process.chdir(here))

test('every command of the guide works, in its order', { timeout: 60_000 }, async () => {
  await using scene = await Ceremony.prepare([])
  process.chdir(scene.place)
  await writeFile('amber-passphrase', 'six words that nobody else knows\n')
  await cp(hello, 'my-plugin', { recursive: true })
  let url = ''
  for (const line of commandsOf(await readFile(guide, 'utf8'))) {
    const [program, ...args] = wordsOf(line.replace('http://127.0.0.1:3001', url))
    if (program === 'cp') await cp(args[0] ?? '', args[1] ?? '')
    else expect({ line, program, ...await opsflux(...args) }).toMatchObject({ program: 'opsflux', code: 0 })
    if (url === '' && line.includes('root apply')) url = (await scene.serve()).url
  }
  const { due } = JSON.parse((await opsflux('registry', 'status', '--home', scene.home, '--json')).out) as { due: string[] }
  expect(due).toEqual([])
})

test('every command that the guide names in its text is one', async () => {
  const text = (await readFile(guide, 'utf8')).replace(/^```[\s\S]*?^```$/gm, '')
  const named = [...text.matchAll(/`(?:opsflux )?(registry [a-z]+(?: (?:draft|sign|show|apply|add|keys|list|remove|prefixes))?)/g)].map(([, words = '']) => words.split(' '))
  expect(named.length).toBeGreaterThan(10)
  for (const words of named) expect({ words, ...await opsflux(...words, '--help') }).toMatchObject({ code: 0 })
})

function commandsOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'))
}

/** Words of a command line; quotes hold some together. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word)
}

import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clearBeside, settleFolder, switchFolder, unpackBeside } from './folder-switch.ts'

let home: string
let folder: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'opsflux-switch-'))
  folder = join(home, '1.1.0-0123456789ab')
  await put(folder, 'damaged')
})
afterEach(() => rm(home, { recursive: true, force: true }))

async function put(path: string, text: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'a.txt'), text)
}
const whole = { unpackTo: (path: string) => put(path, 'whole') }
const text = () => readFile(join(folder, 'a.txt'), 'utf8')

describe('the folder of a release', () => {
  test('is replaced whole by what was unpacked beside it, over what an earlier try left', async () => {
    await put(`${folder}.new`, 'torn')
    await put(`${folder}.old`, 'older')
    await unpackBeside(folder, whole)
    expect(await text()).toBe('damaged')
    await switchFolder(folder)
    expect(await text()).toBe('whole')
    await clearBeside(folder)
    expect(await readdir(home)).toEqual(['1.1.0-0123456789ab'])
  })

  test('that is missing, a file or a link is put in place all the same; what a link leads to is left alone', async () => {
    const elsewhere = join(home, 'elsewhere')
    for (const make of [() => undefined, () => writeFile(folder, 'a file'), async () => { await put(elsewhere, 'not ours'); await symlink(elsewhere, folder) }]) {
      await rm(folder, { recursive: true, force: true })
      await make()
      await unpackBeside(folder, whole)
      await switchFolder(folder)
      await clearBeside(folder)
      expect(await text()).toBe('whole')
    }
    expect(await readFile(join(elsewhere, 'a.txt'), 'utf8')).toBe('not ours')
  })

  test('is settled after a kill: before the switch as it was, between its renames as the new one, and nothing beside it', async () => {
    await unpackBeside(folder, whole)
    await settleFolder(folder)
    expect(await text()).toBe('damaged')
    await unpackBeside(folder, whole)
    await rename(folder, `${folder}.old`)
    await settleFolder(folder)
    expect(await text()).toBe('whole')
    expect(await readdir(home)).toEqual(['1.1.0-0123456789ab'])
  })
})

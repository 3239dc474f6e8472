import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Ceremony, done, json } from './testing.ts'

const program = fileURLToPath(new URL('../../../bin/opsflux.mjs', import.meta.url))
const killer = pathToFileURL(fileURLToPath(new URL('./test/kill-at-write.ts', import.meta.url))).href
/** No rotation writes that often. */
const mostWrites = 60

/** Runs a command that is killed before its n-th write; answers false when it had ended before that. */
async function killedAt(write: number, args: string[]): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', killer, program, ...args], { env: { ...process.env, KILL_AT_WRITE: String(write) }, stdio: 'ignore' })
  const [code, signal] = await once(child, 'exit') as [number | null, string | null]
  if (signal === null) expect(code, args.join(' ')).toBe(0)
  return signal === 'SIGKILL'
}

/** Kills a command at every write, each time on a fresh copy of the registry; `after` judges what is left. */
async function atEveryWrite(scene: Ceremony, argsFor: (home: string) => string[], after: (home: string, write: number) => Promise<void>): Promise<number> {
  for (let write = 1; write < mostWrites; write += 1) {
    const home = scene.path(`copy-${write}`)
    await cp(scene.home, home, { recursive: true })
    const wasKilled = await killedAt(write, argsFor(home))
    await after(home, write)
    await rm(home, { recursive: true })
    if (!wasKilled) return write - 1
  }
  throw new Error('the command never ends')
}

describe('a registry whose administrator is killed in the middle', { timeout: 120_000 }, () => {
  test('of bringing new keys into force serves what hosts accept at every moment, and the same again finishes it', async () => {
    await using scene = await Ceremony.beginAndApply()
    for (const role of ['targets', 'timestamp']) await done('registry', 'rotate', role, '--home', scene.home)
    const signed = await scene.sign(['amber', 'blue'])
    const points = await atEveryWrite(scene, (home) => ['registry', 'root', 'apply', signed, '--home', home], async (home, write) => {
      const registry = await scene.serve(home)
      const host = await scene.host(registry)
      await host.refresh().catch((error: unknown) => expect.unreachable(`killed at write ${write}: ${String(error)}`))
      await done('registry', 'root', 'apply', signed, '--home', home)
      await host.refresh()
      await (await scene.host(registry)).refresh()
      await registry.stop()
      expect((await json<{ due: string[]; waitingKeys: string[] }>('registry', 'status', '--home', home))).toMatchObject({ due: [], waitingKeys: [] })
      expect(await readdir(join(home, 'keys'))).toEqual(['snapshot.pem', 'targets.pem', 'timestamp.pem'])
      // What a killed process had beside the lock is removed by the server, an hour later.
      expect((await readdir(home)).filter((name) => !name.startsWith('write.lock.'))).toEqual(['keys', 'metadata', 'root.json'])
    })
    expect(points).toBeGreaterThan(6)
  })

  test('of making a new key keeps at most one that waits, and the same again goes on with it', async () => {
    await using scene = await Ceremony.beginAndApply()
    await atEveryWrite(scene, (home) => ['registry', 'rotate', 'timestamp', '--home', home], async (home) => {
      await done('registry', 'rotate', 'timestamp', '--home', home)
      const signed = await scene.sign(['amber', 'blue'], join(home, 'root.draft.json'))
      await done('registry', 'root', 'apply', signed, '--home', home)
      const registry = await scene.serve(home)
      await (await scene.host(registry)).refresh()
      await registry.stop()
    })
  })

  test('of the first root begins when it is applied again', async () => {
    await using scene = await Ceremony.begin()
    const signed = await scene.sign(['amber', 'blue'])
    await atEveryWrite(scene, (home) => ['registry', 'root', 'apply', signed, '--home', home], async (home) => {
      await done('registry', 'root', 'apply', signed, '--home', home)
      await cp(join(home, 'root.json'), join(scene.home, 'root.json'))
      const registry = await scene.serve(home)
      await (await scene.host(registry)).refresh()
      await registry.stop()
      await rm(join(scene.home, 'root.json'))
    })
  })

  test('of replacing a key that was lost is finished by the same command, or by the server', async () => {
    await using scene = await Ceremony.beginAndApply()
    await rm(join(scene.home, 'keys/timestamp.pem'))
    await done('registry', 'rotate', 'timestamp', '--home', scene.home)
    const signed = await scene.sign(['amber', 'blue'])
    await atEveryWrite(scene, (home) => ['registry', 'root', 'apply', signed, '--home', home], async (home, write) => {
      if (write % 2 === 0) await done('registry', 'root', 'apply', signed, '--home', home)
      const registry = await scene.serve(home)
      await (await scene.host(registry)).refresh()
      await registry.stop()
    })
  })
})

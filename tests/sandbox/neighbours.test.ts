import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'

test('while one plugin loops, floods and fills its memory, the host and the other plugin go on (DESIGN §3)', async () => {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  await using quiet = new Scene('')
  await quiet.expectAliveAlone()
  for (const body of ['for (;;);', 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))', "for (;;) { context.log.info('x'.repeat(1e5)); context.db.incident.count().catch(() => {}) }"]) {
    await using scene = new Scene(`attack: (_, context) => { ${body} }`, { limits: { callMs: 1000 } })
    delay.enable()
    let answered = 0
    let over = false
    const attack = scene.sandbox.call('route:attack', null, callInfo, { name: 'attacker' }).catch((error: unknown) => error).finally(() => (over = true))
    while (!over) {
      expect(await quiet.sandbox.call('route:ping', null, callInfo, { name: 'other' })).toBe('pong')
      answered += 1
    }
    delay.disable()
    expect(await attack).toMatchObject({ code: expect.stringMatching(/^plugin-/) })
    expect(answered).toBeGreaterThan(0)
    process.stdout.write(`  while "${body.slice(0, 24)}…" ran: ${answered} calls of the other plugin answered, event loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms\n`)
    delay.reset()
  }
})

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Figures } from './host-probe.ts'
import { ownLagMs } from './loop-lag.ts'

// The promises of the platform in figures, measured in a process that does nothing else. What other processes of the machine do
// only adds to them: the best of three counts, and of a delay what the host itself was busy with.
const promised = { lagMs: 250, grownMb: 20, longestMs: 2500, againMs: 1000 }

interface Misbehaviour {
  attack: string
  /** Calls of it at once. */
  atOnce?: number
  /** Its calls wait for the host, or for each other: their time is not their own. */
  isPatient?: true
}

const misbehaviours: Record<string, Misbehaviour> = {
  'loops for ever': { attack: '() => { for (;;); }' },
  'waits for promises without end': { attack: 'async () => { for (;;) await 0 }' },
  'matches a pattern without end': { attack: "() => /^(a+)+$/.test('a'.repeat(50) + 'b')" },
  'fills its memory': { attack: '() => { const all = []; for (;;) all.push(new Array(1000).fill(all.length)) }' },
  'fills its memory in one step': { attack: "() => 'x'.repeat(2 ** 29 - 25).split('').length" },
  'floods the host with calls': { attack: '(_, { db }) => Promise.allSettled(Array.from({ length: 1e5 }, () => db.incident.count()))' },
  'floods the host with arguments': { attack: "async (_, { db }) => { const t = '€'.repeat(3e5); await Promise.allSettled(Array.from({ length: 15 }, () => db.incident.aggregate({ t }))) }", atOnce: 4, isPatient: true },
  'floods the host with many small things': { attack: '(_, { db }) => { const t = Array.from({ length: 3e5 }, () => ({})); return Promise.allSettled(Array.from({ length: 5 }, () => db.incident.aggregate({ t }))).then(() => 1) }', atOnce: 4, isPatient: true },
  'asks for much and reads it late': { attack: '(_, { db }) => { for (let n = 0; n < 900; n++) db.incident.find().catch(() => {}); return db.incident.count().then(() => { for (;;); }) }', isPatient: true },
  'asks for much in many calls and reads it late': { attack: '(_, { db }) => { for (let n = 0; n < 900; n++) db.incident.find().catch(() => {}); return db.incident.count().then(() => { for (;;); }) }', atOnce: 8, isPatient: true },
  'asks for much and does not read it': { attack: '(_, { db }) => { for (let n = 0; n < 20; n++) db.incident.find().catch(() => {}); return Promise.resolve().then(() => { for (;;); }) }', atOnce: 8, isPatient: true },
  'has much answered in many calls at once': { attack: 'async (_, { db }) => { for (let n = 0; n < 6; n++) await db.incident.find() }', atOnce: 32, isPatient: true },
  'sends much in many calls at once': { attack: "async (_, { db }) => { const t = 'x'.repeat(1e6); for (let n = 0; n < 3; n++) await db.incident.aggregate({ t }) }", atOnce: 32, isPatient: true },
  'answers with much in many calls at once': { attack: "() => 'x'.repeat(1e6)", atOnce: 32 },
  'floods the log': { attack: "(_, { log }) => { for (let n = 0; n < 1e5; n++) log.info('x'.repeat(3000)) }", atOnce: 20 },
  'answers with giant messages': { attack: "() => 'x'.repeat(1e6)", atOnce: 8 },
  'answers with what is dear to read': { attack: '() => Array.from({ length: 3e5 }, () => ({}))', atOnce: 4, isPatient: true },
  'rejects without end': { attack: 'async (_, { db }) => { for (let n = 0; n < 900; n++) { Promise.reject(new Error(n)); await db.incident.count() } }', atOnce: 8 },
  'crashes again and again': { attack: '() => { const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1)) }' },
}

for (const [name, { attack, atOnce = 1, isPatient = false }] of Object.entries(misbehaviours)) {
  test(`while a module ${name}, the host has its memory and its event loop to itself and the module is back in a second`, { retry: 2 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', new URL('./host-probe.ts', import.meta.url).pathname, name, attack, String(atOnce)])
    const figures = JSON.parse(stdout) as Figures
    process.stdout.write(`  ${name}: lag ${figures.lagMs.toFixed(0)} ms (own work ${figures.busyMs.toFixed(0)} ms), memory +${figures.grownMb.toFixed(1)} MB, longest call ${figures.longestMs.toFixed(0)} ms, back after ${figures.againMs.toFixed(0)} ms, ${figures.neighbourAnswers} answers of the neighbour, the longest ${figures.neighbourMs.toFixed(0)} ms, ${figures.outcomes.join(' ')}\n`)
    expect(ownLagMs(figures)).toBeLessThan(promised.lagMs)
    expect(figures.grownMb).toBeLessThan(promised.grownMb)
    if (!isPatient) expect(figures.longestMs).toBeLessThanOrEqual(promised.longestMs)
    expect(figures.againMs).toBeLessThan(promised.againMs)
    expect(figures.neighbourAnswers).toBeGreaterThan(20)
    for (const outcome of figures.outcomes) expect(outcome).toMatch(/^(answered|plugin-(failed|timeout|stopped)|payload-too-large)$/)
  })
}

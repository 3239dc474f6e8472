import { expect, test } from 'vitest'
import { ActiveCall } from './active-call.ts'
import { HostCallDesk } from './host-call-desk.ts'
import type { HostCall } from './host-calls.ts'
import { completeLimits } from './limits.ts'

// Most of these our runtime never sends: what is refused here is a child somebody else took over.
function makeDesk({ isGranted = (): boolean | Promise<boolean> => true, limits = {} } = {}) {
  const lines: string[] = []
  const answers: [id: number, text: string][] = []
  const ran: unknown[] = []
  const refused: string[] = []
  const handle = async (args: unknown): Promise<number> => ran.push(args)
  const table = new Map<string, HostCall<undefined>>([
    ['db.count', { schema: { type: 'object' }, handle }],
    ['users.names', { schema: {}, capability: 'users.read', handle }],
    ['db.fail', { schema: {}, handle: async () => { throw Object.assign(new Error('select secret from "/var/lib"'), { code: '42P01' }) } }],
  ])
  const desk = new HostCallDesk<undefined>({ table, authorise: isGranted, refused: (_call, capability, hostCall) => refused.push(`${capability} ${hostCall}`), log: (_call, { message }) => lines.push(message) })
  const call = new ActiveCall<undefined>(1, {
    site: 'route:ping', takeText: () => '', bytes: 0, retried: false, isSuspect: false, context: undefined, resolve: () => undefined, reject: () => undefined,
    info: { user: { id: 'u', locale: 'en' }, tenant: { id: 't' }, now: '', granted: [] },
  }, completeLimits({ hostCallsPerCall: 3, logLinesPerCall: 2, callBytes: 500, ...limits }))
  const receive = (id: number, payload: string) => desk.receive(call, id, payload, { send: (_kind, hostCall, text) => answers.push([hostCall, text]), ready: () => undefined, hold: () => undefined })
  return { call, lines, answers, ran, refused, receive }
}

/** Until all that was received is answered. */
const answered = async ({ call }: ReturnType<typeof makeDesk>): Promise<void> => {
  while (call.unanswered.size > 0) await new Promise((resolve) => setImmediate(resolve))
}

test('host calls over the limit, twice the same number or too many bytes are faults', () => {
  const { receive } = makeDesk()
  expect(receive(1, 'db.count\n{}')).toBeUndefined()
  expect(receive(1, 'db.count\n{}')).toMatch('twice')
  expect(receive(2, 'db.count\n{}')).toBeUndefined()
  expect(receive(3, 'db.count\n{}')).toMatch('more than 3 host calls')
  expect(receive(4, `db.count\n"${'x'.repeat(600)}"`)).toMatch('bytes')
})

test('bytes are counted, not characters', () => {
  expect(makeDesk().receive(1, `db.count\n"${'€'.repeat(200)}"`)).toMatch('more than 500 bytes')
})

test('log lines over the limit, unreadable ones and calls without a number are faults', () => {
  const { receive, lines } = makeDesk()
  expect(receive(0, 'log.write\n{"level":"info","message":"a"}')).toBeUndefined()
  expect(receive(0, 'log.write\n{"level":5,"message":"b"}')).toBeUndefined()
  expect(lines).toEqual(['a', 'b'])
  expect(receive(0, 'log.write\nnot json')).toMatch('cannot be read')
  expect(receive(0, 'log.write\n{"message":"c"}')).toMatch('more than 2 log lines')
  expect(makeDesk().receive(0, 'db.count\n{}')).toMatch('without a number')
})

test('log lines with more bytes than the limit are a fault; the line that says the rest was left out is not', () => {
  const line = (message: string): string => `log.write\n${JSON.stringify({ level: 'info', message })}`
  const { receive } = makeDesk({ limits: { logBytesPerCall: 100, callBytes: 5000 } })
  expect(receive(0, line('x'.repeat(100)))).toBeUndefined()
  expect(receive(0, line('The other log lines of this call were left out.'))).toBeUndefined()
  expect(makeDesk({ limits: { logBytesPerCall: 100, callBytes: 5000 } }).receive(0, line('€'.repeat(70)))).toMatch('more than 100 bytes of log lines')
})

test('a name without a line break, an unknown one and arguments that are no JSON are answered as failures', async () => {
  const desk = makeDesk()
  for (const [index, payload] of ['db.count', 'process.exit\n{}', 'db.count\n{'].entries()) desk.receive(index + 1, payload)
  await answered(desk)
  expect(desk.answers.map(([, answer]) => JSON.parse(answer))).toEqual(Array.from({ length: 3 }, () => ({ code: 'plugin-failed', message: expect.any(String) })))
})

test('of an error that is not one of ours, the plugin learns that there was one', async () => {
  const desk = makeDesk()
  desk.receive(1, 'db.fail\n{}')
  await answered(desk)
  expect(desk.answers).toEqual([[1, JSON.stringify({ code: 'internal', message: 'Something went wrong on the server.' })]])
})

test('host calls of a call that has ended do not run: they are refused', async () => {
  const desk = makeDesk()
  desk.receive(1, 'db.count\n{}')
  desk.receive(2, 'users.names\n{}')
  desk.call.end()
  await answered(desk)
  expect(desk.ran).toEqual([])
  expect(desk.answers.map(([, answer]) => JSON.parse(answer).message)).toEqual(['db.count', 'users.names'].map((name) => `${name} was called after its call had ended.`))
})

test('what waits for its turn is bounded in bytes, whoever sent it', async () => {
  const desk = makeDesk({ limits: { waitingBytes: 110, callBytes: 5000, hostCallsPerCall: 10 } })
  const fiftyBytes = `db.count\n{"a":"${'x'.repeat(33)}"}`
  for (const id of [1, 2, 3, 4]) desk.receive(id, fiftyBytes)
  await answered(desk)
  expect(desk.answers.toSorted().map(([id, text]) => [id, text.includes('payload-too-large')])).toEqual([[1, false], [2, false], [3, true], [4, true]])
  desk.receive(5, fiftyBytes)
  await answered(desk)
  expect(desk.ran).toHaveLength(3)
})

test('anything but true, a failure included, refuses a capability', async () => {
  for (const isGranted of [() => false, async () => false, () => undefined as unknown as boolean]) {
    const desk = makeDesk({ isGranted })
    desk.receive(1, 'users.names\n{}')
    await answered(desk)
    expect(desk.answers[0]?.[1]).toMatch('capability-denied')
    expect(desk.refused).toEqual(['users.read users.names'])
    expect(desk.ran).toEqual([])
  }
  const desk = makeDesk({ isGranted: async () => { throw new Error('connection lost') } })
  desk.receive(1, 'users.names\n{}')
  await answered(desk)
  expect(desk.answers[0]?.[1]).toMatch('internal')
  expect(desk.ran).toEqual([])
})

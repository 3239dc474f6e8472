import { expect, test } from 'vitest'
import { ActiveCall } from './active-call.ts'
import { HostCallDesk } from './host-call-desk.ts'
import { defaultLimits } from './limits.ts'

// Our runtime never sends any of these: what is refused here is a child somebody else took over.
function makeDesk() {
  const lines: string[] = []
  const answers: string[] = []
  const limits = { ...defaultLimits, hostCallsPerCall: 3, logLinesPerCall: 2, callBytes: 500 }
  const table = new Map([['db.count', { schema: { type: 'object' }, handle: async () => 1 }]])
  const desk = new HostCallDesk<undefined>({ table, limits, log: (_call, { message }) => lines.push(message) })
  const call = new ActiveCall<undefined>(1, {
    site: 'route:ping', text: '', retried: false, context: undefined, resolve: () => undefined, reject: () => undefined,
    info: { user: { id: 'u', locale: 'en' }, tenant: { id: 't' }, now: '', granted: [] },
  })
  return { call, lines, answers, receive: (id: number, payload: string) => desk.receive(call, id, payload, (_kind, text) => answers.push(text)) }
}

test('host calls over the limit, twice the same number or too many bytes are faults', () => {
  const { receive } = makeDesk()
  expect(receive(1, 'db.count\n{}')).toBeUndefined()
  expect(receive(1, 'db.count\n{}')).toMatch('twice')
  expect(receive(2, 'db.count\n{}')).toBeUndefined()
  expect(receive(3, 'db.count\n{}')).toMatch('more than 3 host calls')
  expect(receive(4, `db.count\n"${'x'.repeat(600)}"`)).toMatch('bytes')
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

test('a name without a line break, an unknown one and arguments that are no JSON are answered as failures', async () => {
  const { receive, answers, call } = makeDesk()
  receive(1, 'db.count')
  receive(2, 'process.exit\n{}')
  receive(3, 'db.count\n{')
  await call.quiet()
  expect(answers.map((answer) => JSON.parse(answer))).toEqual(Array.from({ length: 3 }, () => ({ code: 'plugin-failed', message: expect.any(String) })))
})

test('host calls of a call that has ended do not run', async () => {
  const { receive, answers, call } = makeDesk()
  receive(1, 'db.count\n{}')
  call.ended = true
  await call.quiet()
  expect(answers).toEqual([])
})

import { expect, test } from 'vitest'
import { fromMessage, toMessages, type TellableChange } from './record-message.ts'

const id = '01a1fbdd-d2ab-7dd3-a185-797c1958f2bf'
const change = (revision: number): TellableChange => ({
  tenant: id, plugin: 'hse-reports', entity: 'incident', id, action: 'update', revision, userId: id, scope: { createdBy: id, owner: id, company: id, department: id },
})

test('changes go in as few messages as PostgreSQL takes, all of them and in their order', () => {
  const changes = Array.from({ length: 100 }, (_, revision) => change(revision))
  const messages = toMessages(changes)
  expect(messages.flatMap(fromMessage)).toEqual(changes)
  // NOTIFY takes less than 8,000 bytes.
  for (const message of messages) expect(Buffer.byteLength(message)).toBeLessThan(8_000)
  const [first = '', second = '[]'] = messages
  expect(Buffer.byteLength(first) + Buffer.byteLength(second.slice(0, second.indexOf('},{') + 1))).toBeGreaterThan(7_900)
  expect(toMessages([])).toEqual([])
})

test('a message that cannot be read tells nothing', () => {
  for (const message of ['', 'text', '{}', 'null', '[']) expect(fromMessage(message)).toEqual([])
})

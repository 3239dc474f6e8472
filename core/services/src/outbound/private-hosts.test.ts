import { expect, test } from 'vitest'
import { covers, hostOf } from './host-name.ts'
import { PrivateHosts } from './private-hosts.ts'

test('without the setting, no host is on-premise', () => {
  expect(new PrivateHosts().has({ name: 'erp.internal', port: 443 })).toBe(false)
  expect(new PrivateHosts(' , ').covers('erp.internal')).toBe(false)
})

test('a host without a port has all ports, one with a port that alone', () => {
  const hosts = new PrivateHosts('ERP.internal:8443, 10.0.0.5 ,[fd00::1]:9000, intranet:80, intranet:81')
  expect([hosts.has({ name: 'erp.internal', port: 8443 }), hosts.has({ name: 'erp.internal', port: 443 })]).toEqual([true, false])
  expect([hosts.has({ name: '10.0.0.5', port: 1 }), hosts.has({ name: '10.0.0.6', port: 1 })]).toEqual([true, false])
  expect([hosts.has({ name: 'fd00::1', port: 9000 }), hosts.has({ name: 'fd00::1', port: 443 })]).toEqual([true, false])
  expect([80, 81, 82].map((port) => hosts.has({ name: 'intranet', port }))).toEqual([true, true, false])
})

test('tells which grants may name an on-premise host', () => {
  const hosts = new PrivateHosts('erp.internal:8443,10.0.0.5,intranet:80')
  expect(['erp.internal:8443', '10.0.0.5', '10.0.0.5:99', '0x0a.0.0.5', 'intranet', 'intranet:80'].every((grant) => hosts.covers(grant))).toBe(true)
  expect(['erp.internal', 'erp.internal:443', '*.internal', '10.0.0.6', 'intranet:81', 'https://intranet', 'intranet/x', 'user@intranet', '', '*'].some((grant) => hosts.covers(grant))).toBe(false)
})

test.each(['https://erp.internal', 'erp.internal/x', '*.internal', 'erp:0', 'erp:99999', 'a b', 'user@erp', '[::1', '10.0.0.0/8'])('refuses a setting that lists "%s"', (setting) => {
  expect(() => new PrivateHosts(`erp.internal,${setting}`)).toThrow(expect.objectContaining({ code: 'invalid-request', message: expect.stringContaining(setting) }))
})

test.each<[string, string, boolean]>([
  ['api.example.com', 'https://api.example.com/', true], ['api.example.com:443', 'https://api.example.com/', true], ['api.example.com', 'https://api.example.com:8443/', false], ['api.example.com:8443', 'https://api.example.com:8443/', true],
  ['API.Example.com', 'https://api.example.com/', true], ['xn--mnchen-3ya.example', 'https://münchen.example/', true], ['*.example.com', 'https://a.b.example.com/', true], ['*.example.com', 'https://example.com/', false], ['*.example.com', 'https://badexample.com/', false],
  ['*.example.com:8443', 'https://a.example.com:8443/', true], ['*.example.com:8443', 'https://a.example.com/', false], ['*.0.0.1', 'https://127.0.0.1/', false], ['10.0.0.5', 'https://0xa.0.0.5/', true], ['erp', 'http://erp/', true], ['erp', 'http://erp:443/', false], ['', 'https://a/', false], ['*', 'https://a.b/', false], ['*.*', 'https://a.b/', false],
])('the grant "%s" covers %s: %s', (pattern, address, isCovered) => {
  const url = new URL(address)
  expect(covers(pattern, hostOf(url), url.protocol)).toBe(isCovered)
})

import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RegistryClient } from '@opsflux/registry-client'
import { describe, expect, test } from 'vitest'
import { Ceremony, done, json, opsflux } from './testing.ts'

const hello = fileURLToPath(new URL('../../../../../tests/fixtures/hello', import.meta.url))

/** A registry with the publisher hello, its sources, and a host. */
async function publishing(): Promise<{ scene: Ceremony; url: string; host: RegistryClient; publish(version: string, key: string, ...more: string[]): Promise<void> }> {
  const scene = await Ceremony.beginAndApply()
  for (const name of ['old', 'new']) await done('keygen', '--publisher', 'hello', '--out', scene.path(name))
  await done('registry', 'publisher', 'add', '--home', scene.home, '--name', 'hello', '--prefix', 'hello-', '--key', scene.path('old/hello.public.pem'))
  const registry = await scene.serve()
  const publish = async (version: string, key: string, ...more: string[]): Promise<void> => {
    const source = join(await mkdtemp(scene.path('source-')), 'hello')
    await cp(hello, source, { recursive: true })
    await writeFile(join(source, 'package.json'), (await readFile(join(source, 'package.json'), 'utf8')).replace('"version": "1.0.0"', `"version": "${version}"`))
    await writeFile(join(source, 'CHANGELOG.md'), `## ${version}\n\n- All of ${version}\n`)
    await done('publish', source, '--registry', registry.url, '--key', scene.path(key, 'hello.private.pem'), ...more)
  }
  return { scene, url: registry.url, host: await scene.host(registry), publish }
}

const offered = async (host: RegistryClient): Promise<string[]> => {
  await host.refresh()
  return (await host.releases()).map(({ version }) => version)
}

describe('a publisher', { timeout: 60_000 }, () => {
  test('changes its key: the new one is added, it signs its list again and publishes with it, the old one is removed', async () => {
    const { scene, url, host, publish } = await publishing()
    await using _ = scene
    const keys = (...more: string[]): Promise<string> => done('registry', 'publisher', 'keys', '--home', scene.home, '--name', 'hello', ...more)
    await publish('1.0.0', 'old')
    await keys('--add', scene.path('new/hello.public.pem'))
    expect(await offered(host)).toEqual(['1.0.0'])
    const renew = ['renew', '--registry', url, '--publisher', 'hello', '--key', scene.path('new/hello.private.pem')]
    expect(await opsflux(...renew)).toMatchObject({ code: 1, error: expect.stringContaining('untrusted-release') })
    await done(...renew, '--other-key', scene.path('old/hello.public.pem'))
    await publish('1.1.0', 'new')
    await keys('--remove', scene.path('old/hello.public.pem'))
    expect(await offered(host)).toContain('1.1.0')
    const latest = await host.latest('hello-notes')
    expect(latest?.version).toBe('1.1.0')
    if (latest) await host.download(latest)
    await expect(publish('1.2.0', 'old')).rejects.toThrow('untrusted-release')
  })

  test('whose key was stolen is not offered from the moment on at which the key is removed', async () => {
    const { scene, host, publish } = await publishing()
    await using _ = scene
    await publish('1.0.0', 'old')
    expect(await offered(host)).toEqual(['1.0.0'])
    const remove = ['registry', 'publisher', 'keys', '--home', scene.home, '--name', 'hello', '--remove', scene.path('old/hello.public.pem')]
    expect(await opsflux(...remove)).toMatchObject({ code: 2, error: expect.stringContaining('no key left') })
    await done(...remove, '--add', scene.path('new/hello.public.pem'))
    expect(await offered(host)).toEqual([])
    await expect(publish('6.6.6', 'old')).rejects.toThrow('untrusted-release')
    expect((await json<{ due: string[] }>('registry', 'status', '--home', scene.home)).due).toEqual([expect.stringContaining('Nothing of the publisher hello is offered')])
    await publish('1.1.0', 'new', '--other-key', scene.path('old/hello.public.pem'))
    const latest = await host.refresh().then(() => host.latest('hello-notes'))
    expect(latest?.version).toBe('1.1.0')
  })

  test('that is removed is not offered, and its ids are free', async () => {
    const { scene, host, publish } = await publishing()
    await using _ = scene
    await publish('1.0.0', 'old')
    await done('registry', 'publisher', 'remove', '--home', scene.home, '--name', 'hello')
    expect(await offered(host)).toEqual([])
    await done('registry', 'publisher', 'add', '--home', scene.home, '--name', 'other', '--prefix', 'hello-', '--key', scene.path('new/hello.public.pem'))
    expect(await offered(host)).toEqual([])
  })

  test('is not changed by adding it again, and owns what it is given', async () => {
    const { scene } = await publishing()
    await using _ = scene
    const name = ['--home', scene.home, '--name', 'hello']
    const add = ['registry', 'publisher', 'add', ...name, '--prefix', 'hello-', '--key']
    expect(await json(...add, scene.path('old/hello.public.pem'))).toMatchObject({ changed: false })
    expect(await opsflux(...add, scene.path('new/hello.public.pem'))).toMatchObject({ code: 1, error: expect.stringContaining('publisher keys') })
    expect(await opsflux(...add, scene.path('new/hello.private.pem'))).toMatchObject({ code: 2, error: expect.stringContaining('private key') })
    expect(await json('registry', 'publisher', 'prefixes', ...name, '--add', 'greet-', '--remove', 'hello-')).toMatchObject({ prefixes: ['greet-'] })
    expect(await opsflux('registry', 'publisher', 'prefixes', ...name, '--remove', 'greet-')).toMatchObject({ code: 2 })
    expect(await opsflux('registry', 'publisher', 'keys', ...name)).toMatchObject({ code: 2, error: expect.stringContaining('--add or --remove') })
    expect(await opsflux('registry', 'publisher', 'remove', '--home', scene.home, '--name', 'nobody')).toMatchObject({ code: 1, error: expect.stringContaining('not-found') })
  })
})

describe('a release', { timeout: 60_000 }, () => {
  test('is revoked by the registry or by its publisher, for good, whatever changes afterwards', async () => {
    const { scene, url, host, publish } = await publishing()
    await using _ = scene
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) await publish(version, 'old')
    const byRegistry = ['registry', 'revoke', 'hello-notes', '1.0.0', '--home', scene.home, '--reason']
    expect(await opsflux(...byRegistry, ' ')).toMatchObject({ code: 2 })
    expect(await json(...byRegistry, 'It loses notes; take 1.2.0.')).toMatchObject({ changed: true })
    expect(await json(...byRegistry, 'Again.')).toMatchObject({ changed: false })
    const byPublisher = ['revoke', 'hello-notes', '1.1.0', '--registry', url, '--publisher', 'hello', '--key', scene.path('old/hello.private.pem'), '--reason', 'It is slow.']
    expect(await json(...byPublisher)).toMatchObject({ revoked: true })
    expect(await offered(host)).toEqual(['1.2.0'])
    await done('registry', 'publisher', 'keys', '--home', scene.home, '--name', 'hello', '--add', scene.path('new/hello.public.pem'))
    await done('registry', 'rotate', 'targets', '--home', scene.home)
    await scene.signAndApply(['amber', 'blue'])
    expect(await offered(host)).toEqual(['1.2.0'])
    expect((await host.revocations()).map(({ version, by }) => [version, by]).toSorted()).toEqual([['1.0.0', 'registry'], ['1.1.0', 'publisher']])
    expect(await opsflux('registry', 'revoke', 'hello-notes', '9.9.9', '--home', scene.home, '--reason', 'x')).toMatchObject({ code: 1, error: expect.stringContaining('not-found') })
  })
})

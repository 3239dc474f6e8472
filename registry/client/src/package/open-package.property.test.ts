import { hash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isOpsFluxError } from '@opsflux/sdk'
import { openPackage } from './open-package.ts'
import { entriesOf, tar, temporaryFolder, zip } from './testing.ts'

const archive = tar(entriesOf())
const good = zip(archive)
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const flips = (size: number) => fc.uniqueArray(fc.record({ at: fc.nat(size - 1), bit: fc.nat(7) }), { minLength: 1, maxLength: 4, selector: ({ at, bit }) => at * 8 + bit })

function flipped(bytes: Buffer, changes: { at: number; bit: number }[]): Buffer {
  const copy = Buffer.from(bytes)
  for (const { at, bit } of changes) copy.writeUInt8(copy.readUInt8(at) ^ (1 << bit), at)
  return copy
}

async function contentOf(bytes: Buffer): Promise<Record<string, string> | undefined> {
  try {
    const opened = await openPackage(await folder.save('flipped.tgz', bytes))
    expect(opened.digest).toBe(hash('sha256', bytes, 'hex'))
    return Object.fromEntries(opened.entries.map((entry) => [entry, opened.text(entry)]))
  } catch (error) {
    if (isOpsFluxError(error) && error.code === 'package-refused') return undefined
    throw error
  }
}

it('never opens a package with flipped bits as different content', async () => {
  const original = await contentOf(good)
  await fc.assert(fc.asyncProperty(flips(good.length), async (changes) => {
    expect([undefined, original]).toContainEqual(await contentOf(flipped(good, changes)))
  }), { numRuns: 300 })
})

it('never opens an archive with flipped bits, packed anew, as different content', async () => {
  const original = await contentOf(good)
  await fc.assert(fc.asyncProperty(flips(archive.length), async (changes) => {
    expect([undefined, original]).toContainEqual(await contentOf(zip(flipped(archive, changes))))
  }), { numRuns: 300 })
})

it('never opens a package cut anywhere, or with anything behind it', async () => {
  await fc.assert(fc.asyncProperty(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 600 }), async (at, more) => {
    expect(await contentOf(good.subarray(0, at))).toBeUndefined()
    expect(await contentOf(Buffer.concat([good, more]))).toBeUndefined()
    expect(await contentOf(zip(archive.subarray(0, Math.floor((at / good.length) * (archive.length - 1024)))))).toBeUndefined()
  }), { numRuns: 150 })
})

it('never opens a package with parts of it exchanged as different content', async () => {
  const original = await contentOf(good)
  const block = fc.nat(archive.length / 512 - 1)
  await fc.assert(fc.asyncProperty(block, block, async (one, other) => {
    const copy = Buffer.from(archive)
    archive.copy(copy, one * 512, other * 512, other * 512 + 512)
    archive.copy(copy, other * 512, one * 512, one * 512 + 512)
    expect([undefined, original]).toContainEqual(await contentOf(zip(copy)))
  }), { numRuns: 200 })
})

it('refuses any bytes that are no package, with the same kind of error', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
    expect(await contentOf(Buffer.from(bytes))).toBeUndefined()
    expect(await contentOf(zip(bytes))).toBeUndefined()
  }), { numRuns: 100 })
})

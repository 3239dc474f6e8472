import { constants, crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { gzip, writeTar } from '@opsflux/cli'
import type { PackageContent } from '@opsflux/registry-client'
import { paxRecord, rawEntry, type HostilePackage, type RawEntry } from './raw-archive.ts'

/** What a stranger could do to the archive of a genuine package, whatever is in its files. */
export function hostileArchives(genuine: PackageContent, packed: Buffer): HostilePackage[] {
  const files = genuine.entries.map((path): [string, Buffer] => [path, genuine.read(path)])
  const archive = writeTar(files)
  const body = archive.subarray(0, -1024)
  const end = Buffer.alloc(1024)
  const withEntries = (...entries: RawEntry[]): Buffer => gzip(Buffer.concat([body, ...entries.map(rawEntry), end]))
  const before = (entry: RawEntry): Buffer => gzip(Buffer.concat([rawEntry(entry), archive]))
  const refused = (reason: string, name: string, bytes: Buffer): HostilePackage => ({ name, bytes, code: 'package-refused', reason })
  const extra = (reason: string, name: string, entry: Partial<RawEntry>): HostilePackage => refused(reason, name, withEntries({ path: 'server/extra.js', ...entry }))
  const path = (reason: string, name: string, at: string | Buffer, more: Partial<RawEntry> = {}): HostilePackage => extra(reason, name, { path: at, ...more })
  const text = (value: string): Buffer => Buffer.from(value)
  const flags = (flag: number, field: Buffer): Buffer => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flag, 0, 0, 0, 0, 0, 255]), field, packed.subarray(10)])
  const trailer = (at: number): Buffer => Buffer.from(packed.map((byte, index) => (index === packed.length - at ? byte ^ 1 : byte)))

  return [
    ...([['1', 'a hard link'], ['2', 'a symbolic link']] as const).flatMap(([type, what]) => ['/etc/passwd', '../../outside', 'README.md'].map((to) => extra('entry-type', `with ${what} to ${to}`, { type, linkName: to }))),
    ...([['3', 'a character device'], ['4', 'a block device'], ['6', 'a pipe'], ['7', 'a contiguous file'], ['S', 'a sparse file of GNU tar'], ['D', 'a folder dump of GNU tar'], ['M', 'a file continued from another volume'],
      ['V', 'a volume name'], ['A', 'a type of Solaris'], ['\xff', 'a type nobody has']] as const).map(([type, what]) => extra('entry-type', `with ${what}`, { type })),
    extra('bad-header', 'with a device number on a file', { device: '0000010\x000000001\0' }),
    extra('bad-header', 'with a link target on a file', { linkName: '/etc/passwd' }),
    refused('entry-type', 'with a long name of GNU tar that climbs', before({ path: '././@LongLink', type: 'L', bytes: text('../../outside\0') })),
    refused('entry-type', 'with a long link of GNU tar', before({ path: '././@LongLink', type: 'K', bytes: text('/etc/passwd\0') })),
    refused('entry-type', 'with a pax header that renames the next file', before({ path: 'PaxHeader/x', type: 'x', bytes: paxRecord('path', '../../outside') })),
    refused('entry-type', 'with a pax header that resizes the next file', before({ path: 'PaxHeader/x', type: 'x', bytes: paxRecord('size', '99999999999') })),
    refused('entry-type', 'with a pax header that makes the next file sparse', before({ path: 'PaxHeader/x', type: 'x', bytes: paxRecord('GNU.sparse.realsize', '99999999999') })),
    refused('entry-type', 'with a pax header for all files', before({ path: 'PaxHeader/g', type: 'g', bytes: paxRecord('path', 'manifest.json') })),

    path('path-absolute', 'with an absolute path', '/tmp/outside.txt'),
    path('path-climbing', 'with a path that climbs', '../../outside.txt'),
    path('path-climbing', 'with a path that climbs from within', 'client/../../outside.txt'),
    path('path-climbing', 'with a path that stays in place', './README.md'),
    path('path-climbing', 'with a path that climbs by its prefix', 'outside.txt', { prefix: '../..' }),
    path('path-absolute', 'with a path that is absolute by its prefix', 'outside.txt', { prefix: '/tmp' }),
    path('path-climbing', 'with full-width dots', 'client/\uff0e\uff0e/x'),
    path('path-backslash', 'with backslashes', 'client\\..\\..\\outside.txt'),
    path('path-drive', 'with a drive in its path', 'C:/outside.txt'),
    path('path-drive', 'with a drive and no folder', 'c:outside.txt'),
    path('path-backslash', 'with a network path', '\\\\server\\share\\x'),
    path('path-empty', 'with no name', ''),
    path('path-empty', 'with an empty folder name', 'client//x.js'),
    path('path-control-character', 'with a NUL in its name', text('README.md\0.exe')),
    path('path-control-character', 'with a line feed in its name', 'client/a\nb.js'),
    path('path-control-character', 'with an escape sequence in its name', 'client/\u001b[2Jx.js'),
    path('path-control-character', 'with a C1 control in its name', 'client/\u0085x.js'),
    path('path-control-character', 'with text turned round in its name', 'client/txt.\u202esj.js'),
    path('path-control-character', 'with an invisible character in its name', 'client/x\u200b.js'),
    path('path-control-character', 'with a private character in its name', 'client/\ue000.js'),
    path('path-not-utf8', 'with a name that is not UTF-8', Buffer.from([0x63, 0xff, 0xfe])),
    path('path-not-utf8', 'with an overlong slash', Buffer.from([0x63, 0xc0, 0xaf, 0x78])),
    path('path-not-utf8', 'with half a surrogate pair', Buffer.from([0x63, 0xed, 0xa0, 0x80])),
    path('path-not-normalised', 'with a decomposed letter', 'client/cafe\u0301.js'),
    path('path-trailing-dot-or-space', 'with a name that ends in a dot', 'client/x.js.'),
    path('path-trailing-dot-or-space', 'with a name that ends in a space', 'client/x.js '),
    path('path-trailing-dot-or-space', 'with a folder that ends in dots', 'client../x.js'),
    path('path-reserved-name', 'with a device of Windows', 'client/con'),
    path('path-reserved-name', 'with a device of Windows and an extension', 'client/NUL.txt'),
    path('path-reserved-name', 'with a device of Windows as a folder', 'aux/x.js'),
    path('path-reserved-name', 'with a device of Windows in superscript', 'client/COM\u00b9'),
    path('path-character', 'with an alternate data stream', 'README.md:hidden'),
    path('path-character', 'with a wildcard in its name', 'client/*.js'),
    path('path-too-long', 'with a path of 241 bytes', 'b'.repeat(100), { prefix: `${'a'.repeat(70)}/${'a'.repeat(69)}` }),
    path('path-too-deep', 'with a path 17 names deep', `${'a/'.repeat(16)}x.js`),

    refused('duplicate-entry', 'with an entry twice, with the same bytes', withEntries({ path: 'README.md', bytes: genuine.read('README.md') })),
    refused('duplicate-entry', 'with manifest.json twice', withEntries({ path: 'manifest.json', bytes: genuine.manifestBytes })),
    refused('duplicate-entry', 'with an entry first empty and then right', before({ path: 'README.md' })),
    refused('duplicate-entry', 'with a folder twice', withEntries({ path: 'locales/', type: '5' }, { path: 'locales/', type: '5' })),
    path('case-collision', 'with two names that are one without case', 'readme.MD'),
    path('case-collision', 'with two folders that are one without case', 'SERVER/extra.js'),
    refused('case-collision', 'with two names that are one when folded', withEntries({ path: 'client/stra\u00dfe.js' }, { path: 'client/STRASSE.js' })),
    refused('case-collision', 'with two names that are one to some file systems', withEntries({ path: 'client/\ufb01le.js' }, { path: 'client/file.js' })),
    path('file-as-folder', 'with a file below a file', 'README.md/inside'),
    path('file-as-folder', 'with a file in the place of a folder', 'server'),
    refused('file-as-folder', 'with a folder in the place of a file', withEntries({ path: 'README.md/', type: '5' })),
    refused('empty-folder', 'with a folder without files', withEntries({ path: 'server/empty/', type: '5' })),

    extra('bad-number', 'with a negative size', { size: '-0000000001\0' }),
    extra('bad-number', 'with a negative size in base 256', { size: Buffer.alloc(12, 0xff) }),
    extra('bad-number', 'with a size in base 256', { size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) }),
    extra('bad-number', 'with a size that is not octal', { size: '00000000008\0' }),
    extra('bad-number', 'with a size that overflows', { size: '777777777777' }),
    extra('bad-number', 'with a size that begins with a space', { size: '          1\0' }),
    extra('bad-number', 'with no size', { size: Buffer.alloc(12) }),
    extra('bad-number', 'with two sizes', { size: '1 000000001\0' }),
    extra('bad-number', 'with an owner that is no number', { owner: 'root\0\0\0\0' }),
    extra('unpacked-too-large', 'with a file of 8 GB, by its header alone', { size: '77777777777\0' }),
    extra('unpacked-too-large', 'with files that are too large together, by their headers alone', { size: '00277777777\0' }),
    extra('truncated-archive', 'with a size larger than what follows', { bytes: text('x'), size: '00000100000\0' }),
    extra('bad-header', 'with a size smaller than what follows', { bytes: Buffer.alloc(2_000, 'x'), size: '00000000001\0', padding: Buffer.alloc(48) }),
    extra('bad-checksum', 'with a wrong checksum', { checksum: '000001\0 ' }),
    extra('bad-number', 'with a checksum that is no number', { checksum: 'abcdef\0 ' }),
    extra('not-ustar', 'in the dialect of GNU tar', { magic: 'ustar  \0' }),
    extra('not-ustar', 'in the dialect of Unix version 7', { magic: Buffer.alloc(8) }),
    extra('bad-header', 'with a set-user-id bit', { mode: '0004755\0' }),
    extra('bad-header', 'with a sticky bit', { mode: '0001644\0' }),
    extra('bad-header', 'with bytes behind a header', { rest: 'hidden' }),
    extra('bad-header', 'with bytes hidden in the padding', { bytes: text('x'), padding: Buffer.alloc(511, 'y') }),
    refused('bad-header', 'with a folder that has a body', withEntries({ path: 'server/', type: '5', bytes: text('x') })),

    refused('truncated-archive', 'without end', gzip(body)),
    refused('truncated-archive', 'with half an end', gzip(archive.subarray(0, -512))),
    refused('truncated-archive', 'without anything in it', gzip(Buffer.alloc(0))),
    refused('manifest-missing', 'with nothing but an end', gzip(end)),
    refused('truncated-archive', 'cut in a header', gzip(archive.subarray(0, 300))),
    refused('truncated-archive', 'cut in a file', gzip(archive.subarray(0, 700))),
    refused('data-after-end', 'with entries behind its end', gzip(Buffer.concat([archive, rawEntry({ path: 'server/late.js' }), end]))),
    refused('data-after-end', 'with a second archive behind the first', gzip(Buffer.concat([archive, archive]))),
    refused('data-after-end', 'with an entry between the blocks of its end', gzip(Buffer.concat([archive.subarray(0, -512), rawEntry({ path: 'server/late.js' }), end]))),
    refused('data-after-end', 'with zeros without end', gzip(Buffer.concat([archive, Buffer.alloc(40 * 2 ** 20)]))),
    refused('too-many-entries', 'with more entries than a package may have', withEntries(...Array.from({ length: 5_001 }, (_, at): RawEntry => ({ path: `client/many/${at}.js` })))),
    refused('unpacked-too-large', 'with two files that are too large together', withEntries({ path: 'client/1.bin', bytes: Buffer.alloc(30 * 2 ** 20) }, { path: 'client/2.bin', bytes: Buffer.alloc(30 * 2 ** 20) })),

    refused('second-gzip-member', 'with a second package behind its end', Buffer.concat([packed, packed])),
    refused('second-gzip-member', 'in two parts that are one package to other readers', Buffer.concat([gzipSync(archive.subarray(0, 1024)), gzipSync(archive.subarray(1024))])),
    refused('trailing-bytes', 'with something behind its end', Buffer.concat([packed, text('more')])),
    refused('trailing-bytes', 'with zeros behind its end', Buffer.concat([packed, Buffer.alloc(512)])),
    refused('truncated-archive', 'cut short', packed.subarray(0, packed.length - 100)),
    refused('truncated-archive', 'without the sum of its bytes', packed.subarray(0, -8)),
    refused('gzip-damaged', 'never finished by its compressor', Buffer.concat([packed.subarray(0, 10), deflateRawSync(archive, { finishFlush: constants.Z_SYNC_FLUSH }), Buffer.alloc(8)])),
    refused('gzip-damaged', 'with a wrong sum of its bytes', trailer(8)),
    refused('gzip-damaged', 'with a wrong length', trailer(4)),
    refused('gzip-damaged', 'with damaged data', Buffer.concat([packed.subarray(0, 10), Buffer.alloc(64, 0xff), packed.subarray(74)])),
    refused('gzip-damaged', 'with a file name in its envelope', flags(8, text('other.tar\0'))),
    refused('gzip-damaged', 'with a comment in its envelope', flags(16, text('a comment\0'))),
    refused('gzip-damaged', 'with a field of its own in its envelope', flags(4, Buffer.from([4, 0, 1, 2, 0, 0]))),
    refused('gzip-damaged', 'with a sum over its envelope', flags(2, Buffer.from([0, 0]))),
    refused('gzip-damaged', 'with flags nobody has', flags(224, Buffer.alloc(0))),
    refused('gzip-damaged', 'with a time in its envelope', Buffer.from(packed.map((byte, at) => (at === 4 ? 1 : byte)))),
    refused('not-gzip', 'compressed otherwise', Buffer.from(packed.map((byte, at) => (at === 2 ? 7 : byte)))),
    refused('not-gzip', 'not compressed', archive),
    refused('not-gzip', 'that is no package', text('<html>Sign in to the network</html>')),
    refused('not-gzip', 'that is empty', Buffer.alloc(0)),
    refused('gzip-damaged', 'that is an envelope without a letter', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, ...sumOf(Buffer.alloc(0))])),
  ]
}

function sumOf(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(8)
  sum.writeUInt32LE(crc32(bytes), 0)
  return sum
}

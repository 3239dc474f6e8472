import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const isRoot = process.getuid?.() === 0
// Nobody's number; a test that does not run as root is an ordinary user already.
const user = isRoot ? { uid: 64_990, gid: 64_990 } : {}

test.runIf(process.platform === 'linux')('a host that is not root outlives code that left the isolate and signals it, where the system makes namespaces for users', ({ skip }) => {
  const host = spawnSync(process.execPath, [new URL('./escaped-beside-host.ts', import.meta.url).pathname], { ...user, encoding: 'utf8', cwd: import.meta.dirname, timeout: 20_000 })
  if (isRoot && host.status === 1 && /EACCES|ENOENT|denied/.test(host.stderr)) skip('only root can read this checkout')
  if (host.signal === 'SIGKILL') {
    // Whether it could have been kept in is not told any more by the host that was killed.
    const unshare = spawnSync('unshare', ['--user', '--map-current-user', '--pid', '--fork', 'true'], user)
    if (unshare.status !== 0) skip('this system makes no namespaces for users')
  }
  expect(host).toMatchObject({ signal: null, status: 0 })
  const { applied, told } = JSON.parse(host.stdout) as { applied: string[]; told: string }
  expect(applied).toContain('no signals to others')
  expect(told).toContain('could not be started')
})

import { packageLimits } from '@opsflux/registry-client'
import { limitTable, type LimitName } from '@opsflux/sdk'

const sandboxWords: Record<LimitName, string> = {
  callMs: 'milliseconds of the module’s own code in one call; what the host takes to answer it is not counted',
  jobMs: 'the same for a job',
  cpuMsPerMinute: 'milliseconds of processor time in any minute',
  memoryMb: 'resident memory of the process, MiB, looked at every 50 ms',
  callsInFlight: 'calls at once; 256 more wait',
  hostCallsPerCall: 'requests to the host in one call',
  messageBytes: 'bytes of one message, either way',
  logLinesPerCall: 'log lines in one call; the rest is left out with a line that says so',
  logBytesPerCall: 'bytes of log in one call',
  idleMs: 'milliseconds without a call after which the process is ended',
  startMs: 'milliseconds to start',
}

const packageWords: Record<keyof typeof packageLimits, string> = {
  packedBytes: 'bytes of the `.tgz`',
  unpackedBytes: 'bytes of the archive inside',
  entries: 'files and folders',
  pathBytes: 'UTF-8 bytes of one path',
  depth: 'names in one path',
  manifestBytes: 'bytes of `manifest.json`',
  pluginManifestBytes: 'bytes of `plugin.json`',
  localeBytes: 'bytes of one file of texts',
  iconBytes: 'bytes of `icon.svg`',
  migrationBytes: 'bytes of one migration',
}

/** The tables of limits in `docs/security.md`. */
export function limitTables(): string {
  const sandbox = Object.entries(sandboxWords).map(([name, words]) => {
    const { default: usual, ceiling, least, most } = limitTable[name as LimitName]
    return `| \`${name}\` | ${words} | ${figure(usual)} | ${figure(ceiling)} | ${figure(least)} – ${figure(most)} |`
  })
  const packages = Object.entries(packageWords).map(([name, words]) => `| ${words} | ${figure(packageLimits[name as keyof typeof packageLimits])} |`)
  return `| limit of a module | what | usual | ceiling | a ceiling may be |\n|---|---|---:|---:|---:|\n${sandbox.join('\n')}\n\n| limit of a package | at most |\n|---|---:|\n${packages.join('\n')}`
}

const figure = (value: number): string => value.toLocaleString('en-GB')

import type { Home } from './home.ts'
import type { FirstAdministrator } from './platform.ts'
import type { Report } from './report.ts'

/** What happened before this program: the bootstrap script says it in OPSFLUX_LAUNCH. */
export interface Preparation {
  /** Milliseconds since 1970. */
  startedAt: number
  /** Milliseconds each took; 0 where there was nothing to do. */
  install: number
  shell: number
}

/** As `--timing` prints it. All in milliseconds. */
export interface Timings {
  /** `cold`: dependencies, the web application or the data folder were made at this start. */
  coldOrWarm: 'cold' | 'warm'
  /** From the command to the first healthy answer. */
  readyMs: number
  steps: Record<string, number>
}

export interface Welcome {
  url: string
  home: Home
  readyMs: number
  administrator: FirstAdministrator | undefined
}

export function readPreparation({ OPSFLUX_LAUNCH: text }: NodeJS.ProcessEnv): Preparation {
  const value: Partial<Record<keyof Preparation, unknown>> = text ? JSON.parse(text) : {}
  const numberOr = (given: unknown, otherwise: number): number => (typeof given === 'number' ? given : otherwise)
  return { startedAt: numberOr(value.startedAt, performance.timeOrigin), install: numberOr(value.install, 0), shell: numberOr(value.shell, 0) }
}

export function timingsOf({ startedAt, install, shell }: Preparation, steps: Record<string, number>, isNew: boolean): Timings {
  const isCold = isNew || install > 0 || shell > 0
  return { coldOrWarm: isCold ? 'cold' : 'warm', readyMs: Math.round(Date.now() - startedAt), steps: { install, shell, ...steps } }
}

/** What a person needs to know once it serves. */
export function welcome(report: Report, { url, home, readyMs, administrator }: Welcome): void {
  const lines = [
    ['web', url],
    ...(administrator ? [['e-mail', administrator.email], ['password', `${administrator.password}   (good once: you choose your own at the first sign-in)`]] : []),
    ['data', home.path],
    ['logs', home.logs],
  ]
  report.line(`\n  OpsFlux is ready (${(readyMs / 1000).toFixed(1)} s)\n`)
  for (const [name = '', value] of lines) report.line(`    ${name.padEnd(11)}${value}`)
  report.line('\n  Ctrl-C stops.\n')
}

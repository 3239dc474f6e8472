import pino from 'pino'
import { startHost, type HostConfig } from '@opsflux/host'

/** What the test tells this process once it is loaded. `killAt`: `update migrate after`, or so many milliseconds later: `update migrate before 20`. */
export interface KillOrder {
  config: HostConfig
  killAt: string
}

/** A host that ends itself as `kill -9` would, in the middle of an operation. */
process.once('message', ({ config, killAt }: KillOrder) => {
  const starting = startHost(config, {
    log: pino({ level: 'silent' }),
    onStep: async (operation, step, phase) => {
      const [action, killStep, killPhase, afterMs] = killAt.split(' ')
      if (operation.plan.action !== action || step !== killStep || phase !== killPhase) return
      const kill = () => process.kill(process.pid, 'SIGKILL')
      if (afterMs !== undefined) return void setTimeout(kill, Number(afterMs))
      kill()
      await new Promise(() => {})
    },
  })
  void starting.then(({ url }) => process.send?.({ type: 'serving', url }))
})
process.send?.({ type: 'ready', url: '' })

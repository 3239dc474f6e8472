import type { CommandGroup } from '../../command.ts'

export const registry: CommandGroup = {
  summary: 'makes and administers a registry: its root, keys, publishers and revocations',
  load: async () => (await import('./commands.ts')).registryCommands,
}

import { createServer } from 'node:net'
import { LaunchError } from './launch-error.ts'
import { portVariables, type PortName, type Settings } from './settings.ts'

const purposes: Record<PortName, string> = { web: 'the web interface', registry: 'the registry', marketplace: 'the marketplace', database: 'the database' }

/** Refuses to go on when a port is taken, naming the port, what it is for and which variable moves it. @throws LaunchError */
export async function checkPorts(settings: Settings, names: readonly PortName[]): Promise<void> {
  for (const name of names) {
    const port = settings.ports[name]
    const trouble = await tryPort(port, name === 'web' ? settings.bind : '127.0.0.1')
    if (trouble === 'EADDRINUSE') throw new LaunchError(`Port ${port}, needed for ${purposes[name]}, is used by another program. Stop that program, or set ${portVariables[name]} to a free port.`)
    if (trouble === 'EACCES') throw new LaunchError(`Port ${port}, needed for ${purposes[name]}, is not open to this user. Set ${portVariables[name]} to a port above 1023.`)
    if (trouble === 'EADDRNOTAVAIL') throw new LaunchError(`This machine has no address ${settings.bind}. Set OPSFLUX_BIND to one it has, such as 127.0.0.1 or 0.0.0.0.`)
    if (trouble) throw new LaunchError(`Port ${port}, needed for ${purposes[name]}, cannot be opened (${trouble}). Set ${portVariables[name]} to another port.`)
  }
}

/** The system's error code when nobody can listen there; undefined when the port is free. */
function tryPort(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/**
 * @typedef {{ resolved?: string, optionalDependencies?: Record<string, string> }} LockEntry
 */

/**
 * What would make `npm ci` fail, or depend on one registry host. npm writes a lock file without the platform packages it
 * could not find, and then refuses to install from it on the machines that can find them.
 * @param {{ packages: Record<string, LockEntry> }} lock
 * @returns {string[]}
 */
export function listLockFaults({ packages }) {
  return Object.entries(packages).flatMap(([path, { resolved, optionalDependencies = {} }]) => [
    ...(resolved?.startsWith('http') ? [`${path} names a registry host: ${resolved}`] : []),
    ...Object.keys(optionalDependencies).filter((name) => !isFound(packages, path, name)).map((name) => `${path || 'The root'} wants ${name} ${optionalDependencies[name]}, which has no entry.`),
  ])
}

/**
 * As Node looks for it: beside the package's own files, then in every folder above.
 * @param {Record<string, LockEntry>} packages @param {string} from @param {string} name
 */
function isFound(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true
    if (folder === '') return false
  }
}

// Maintainer's script: copies the browser files that pages use out of node_modules into app/web/static/vendor,
// with a manifest (versions, licences, sha256) and the licence texts of everything that is bundled in them.
// Run: npm ci --ignore-scripts && npm run vendor
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, 'node_modules');
const target = join(here, '..', 'app', 'web', 'static', 'vendor');

// package -> file inside the package -> file under vendor/
const FILES = {
  'bpmn-js': {
    'dist/bpmn-navigated-viewer.production.min.js': 'bpmn-js/bpmn-navigated-viewer.production.min.js',
    'dist/assets/diagram-js.css': 'bpmn-js/diagram-js.css',
    'dist/assets/bpmn-js.css': 'bpmn-js/bpmn-js.css',
    'dist/assets/bpmn-font/css/bpmn.css': 'bpmn-js/bpmn-font/css/bpmn.css',
    'dist/assets/bpmn-font/font/bpmn.eot': 'bpmn-js/bpmn-font/font/bpmn.eot',
    'dist/assets/bpmn-font/font/bpmn.svg': 'bpmn-js/bpmn-font/font/bpmn.svg',
    'dist/assets/bpmn-font/font/bpmn.ttf': 'bpmn-js/bpmn-font/font/bpmn.ttf',
    'dist/assets/bpmn-font/font/bpmn.woff': 'bpmn-js/bpmn-font/font/bpmn.woff',
    'dist/assets/bpmn-font/font/bpmn.woff2': 'bpmn-js/bpmn-font/font/bpmn.woff2',
  },
  // The common charts (bar, line, pie, scatter, tooltip, legend); maps and 3-D are not used.
  echarts: { 'dist/echarts.common.min.js': 'echarts/echarts.common.min.js' },
  'htmx.org': { 'dist/htmx.min.js': 'htmx/htmx.min.js' },
  bootstrap: { 'dist/css/bootstrap.min.css': 'bootstrap/bootstrap.min.css' },
};
const STYLES_ONLY = new Set(['bootstrap']); // no JavaScript of theirs is shipped, so neither are their dependencies

const describe = (name) => JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));

function withDependencies(name, seen = new Set()) {
  if (!seen.has(name)) {
    seen.add(name);
    const wanted = STYLES_ONLY.has(name) ? {} : describe(name).dependencies ?? {};
    Object.keys(wanted).forEach((dependency) => withDependencies(dependency, seen));
  }
  return seen;
}

function licenceText(name) {
  const file = readdirSync(join(modules, name)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} ships no licence text`);
  return readFileSync(join(modules, name, file), 'utf8').trim();
}

if (!existsSync(modules)) throw new Error('run npm ci --ignore-scripts first');
rmSync(target, { recursive: true, force: true });

const bundled = new Set();
const packages = Object.keys(FILES).sort().map((name) => {
  withDependencies(name).forEach((each) => bundled.add(each));
  const { version, license } = describe(name);
  const files = Object.entries(FILES[name]).map(([source, path]) => {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    // source maps are not shipped, so neither is the comment that makes browsers ask for one
    const content = readFileSync(join(modules, name, source));
    const plain = /\.(css|js)$/.test(path)
      ? Buffer.from(content.toString('utf8').replace(/\n?(\/\*|\/\/)# sourceMappingURL=.*\n?$/, '\n'))
      : content;
    writeFileSync(join(target, path), plain);
    return { path, sha256: createHash('sha256').update(plain).digest('hex') };
  });
  return { name, version, licence: license, files };
});

const texts = [...bundled].sort().map((name) => {
  const { version, license } = describe(name);
  return `${'='.repeat(100)}\n${name} ${version} (${license})\n${'='.repeat(100)}\n${licenceText(name)}\n`;
});
writeFileSync(join(target, 'LICENCES.txt'), texts.join('\n'));
const sha256 = createHash('sha256').update(readFileSync(join(target, 'LICENCES.txt'))).digest('hex');
writeFileSync(join(target, 'manifest.json'),
  JSON.stringify({ packages, licences: { path: 'LICENCES.txt', sha256 } }, null, 2) + '\n');

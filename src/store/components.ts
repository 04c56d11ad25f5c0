import { componentsPath } from '../model/paths';
import { type Component, COMPONENT_KINDS, type ComponentKind } from '../model/records';
import type { ComponentEntry, Components, ComponentsView, Registration } from './api';
import { ComponentRegistration } from './component-registration';
import { DirectSnapshot } from './direct-reads';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';
import { readComponent } from './views';

export class TreeComponents implements Components {
  readonly #registrations = new Set<Registration<never>>();
  readonly #taken = new Set<string>();

  constructor(
    private readonly parts: StoreParts,
    readonly view: () => ComponentsView,
  ) {}

  async read(): Promise<{ readonly [K in ComponentKind]: readonly ComponentEntry[] }> {
    const snapshot = new DirectSnapshot((ops) => untilKnown(this.parts, () => this.parts.zk.multiRead(ops)));
    await snapshot.fetch([], COMPONENT_KINDS.map(componentsPath));
    const paths = COMPONENT_KINDS.flatMap((kind) =>
      snapshot.children(componentsPath(kind)).map((znode) => `${componentsPath(kind)}/${znode}`),
    );
    await snapshot.fetch(paths, []);
    const of = (kind: ComponentKind) =>
      [...snapshot.children(componentsPath(kind))].sort().flatMap((znode): ComponentEntry[] => {
        const found = snapshot.get(`${componentsPath(kind)}/${znode}`);
        if (found === undefined) return [];
        const component = readComponent(kind, found.data, `${kind}/${znode}`, this.parts.log);
        return component === undefined ? [] : [{ znode, component }];
      });
    return { pool: of('pool'), launcher: of('launcher'), builder: of('builder') };
  }

  async register<C extends Component>(component: C): Promise<Registration<C>> {
    const registration = new ComponentRegistration(this.parts, component, this.view, this.#taken);
    this.#registrations.add(registration as never);
    await registration.register();
    return registration;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#registrations].map((it) => it.unregister()));
    this.#registrations.clear();
  }
}

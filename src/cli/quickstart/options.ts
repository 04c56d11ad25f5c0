/** What `bin/quickstart` was asked to do. */
export interface QuickstartOptions {
  /** Take everything down again after the first node and exit. */
  readonly once: boolean;
  /** Provider `fake` and a stand-in for the image tool. */
  readonly simulated: boolean;
  /** `host:port[/chroot]` of a ZooKeeper to use instead of a private one. */
  readonly zookeeper: string | undefined;
  /** Spare nodes to keep. */
  readonly minReady: number;
  /** Folder of this program: elements, host-tools and bin lie in it. */
  readonly home: string;
}

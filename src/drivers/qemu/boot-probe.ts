/**
 * A disk of one sector that a working processor and accelerator run to its end. It does what the boot loaders and kernels
 * of nodes do and what broken virtualisation fails at: that `/dev/kvm` opens, or that a few instructions of real mode
 * run, says little. In order: read the disk by way of the BIOS; protected mode; three interrupts of the timer and the
 * return from each; long mode with paging; a line on the serial port; exit status 33 through `isa-debug-exit`.
 *
 * The bytes are what `as --64` and `ld -Ttext 0x7c00 --oformat binary` make of the instructions beside them.
 */
export const PROBE_LINE = 'nodepool probe';
export const PROBE_STATUS = 33;

const CODE: readonly (readonly [bytes: string, instruction: string])[] = [
  ['fa', 'cli'],
  ['fc', 'cld'],
  ['31c0', 'xorw %ax, %ax'],
  ['8ed8', 'movw %ax, %ds'],
  ['8ec0', 'movw %ax, %es'],
  ['8ed0', 'movw %ax, %ss'],
  ['bc007c', 'movw $0x7c00, %sp'],
  // BIOS: read the sector after this one
  ['b280', 'movb $0x80, %dl'],
  ['b80102', 'movw $0x0201, %ax'],
  ['b90200', 'movw $0x0002, %cx'],
  ['b600', 'movb $0, %dh'],
  ['bb007e', 'movw $0x7e00, %bx'],
  ['cd13', 'int $0x13'],
  ['7275', 'jc fail'],
  // page tables at 0x1000..0x3fff: first 2 MiB, identity
  ['bf0010', 'movw $0x1000, %di'],
  ['31c0', 'xorw %ax, %ax'],
  ['b90018', 'movw $0x1800, %cx'],
  ['f3ab', 'rep stosw'],
  ['c70600100320', 'movw $0x2003, 0x1000'],
  ['c70600200330', 'movw $0x3003, 0x2000'],
  ['c70600308300', 'movw $0x0083, 0x3000'],
  // interrupt table of protected mode at 0x4000: the timer at vector 0x20
  ['bf0040', 'movw $0x4000, %di'],
  ['b90001', 'movw $0x100, %cx'],
  ['c7060041e07c', 'movw $tick, 0x4100'],
  ['c70602410800', 'movw $8, 0x4102'],
  ['c7060441008e', 'movw $0x8e00, 0x4104'],
  ['c70606410000', 'movw $0, 0x4106'],
  // interrupt controllers: vectors from 0x20, only the timer
  ['b011', 'movb $0x11, %al'],
  ['e620', 'outb %al, $0x20'],
  ['b020', 'movb $0x20, %al'],
  ['e621', 'outb %al, $0x21'],
  ['b004', 'movb $0x04, %al'],
  ['e621', 'outb %al, $0x21'],
  ['b001', 'movb $0x01, %al'],
  ['e621', 'outb %al, $0x21'],
  ['b0fe', 'movb $0xfe, %al'],
  ['e621', 'outb %al, $0x21'],
  ['b0ff', 'movb $0xff, %al'],
  ['e6a1', 'outb %al, $0xa1'],
  // timer: 1 kHz
  ['b034', 'movb $0x34, %al'],
  ['e643', 'outb %al, $0x43'],
  ['b0a9', 'movb $0xa9, %al'],
  ['e640', 'outb %al, $0x40'],
  ['b004', 'movb $0x04, %al'],
  ['e640', 'outb %al, $0x40'],
  ['0f0116217d', 'lgdt gdtr'],
  ['0f011e277d', 'lidt idtr'],
  ['0f20c0', 'movl %cr0, %eax'],
  ['0c01', 'orb $1, %al'],
  ['0f22c0', 'movl %eax, %cr0'],
  ['ea967c0800', 'ljmp $8, $protected'],
  // fail:
  ['f4', 'hlt'],
  ['ebfd', 'jmp fail'],
  // protected:
  ['66b81000', 'movw $16, %ax'],
  ['8ed8', 'movw %ax, %ds'],
  ['8ec0', 'movw %ax, %es'],
  ['8ed0', 'movw %ax, %ss'],
  ['bc007c0000', 'movl $0x7c00, %esp'],
  ['31ed', 'xorl %ebp, %ebp'],
  ['fb', 'sti'],
  // wait:
  ['f4', 'hlt'],
  ['83fd03', 'cmpl $3, %ebp'],
  ['72fa', 'jb wait'],
  ['fa', 'cli'],
  // long mode
  ['b800100000', 'movl $0x1000, %eax'],
  ['0f22d8', 'movl %eax, %cr3'],
  ['0f20e0', 'movl %cr4, %eax'],
  ['83c820', 'orl $0x20, %eax'],
  ['0f22e0', 'movl %eax, %cr4'],
  ['b9800000c0', 'movl $0xc0000080, %ecx'],
  ['0f32', 'rdmsr'],
  ['0d00010000', 'orl $0x100, %eax'],
  ['0f30', 'wrmsr'],
  ['0f20c0', 'movl %cr0, %eax'],
  ['0d00000080', 'orl $0x80000000, %eax'],
  ['0f22c0', 'movl %eax, %cr0'],
  ['eae87c00001800', 'ljmp $24, $long'],
  // tick:
  ['45', 'incl %ebp'],
  ['60', 'pushal'],
  ['b020', 'movb $0x20, %al'],
  ['e620', 'outb %al, $0x20'],
  ['61', 'popal'],
  ['cf', 'iret'],
  // long:
  ['66baf803', 'movw $0x3f8, %dx'],
  ['be2d7d0000', 'movl $text, %esi'],
  ['ac', 'lodsb (%rsi), %al'],
  ['ee', 'outb %al, %dx'],
  ['84c0', 'testb %al, %al'],
  ['75fa', 'jnz 1b'],
  ['66ba0105', 'movw $0x501, %dx'],
  ['b010', 'movb $0x10, %al'],
  ['ee', 'outb %al, %dx'],
  ['f4', 'hlt'],
  ['ebfd', 'jmp 2b'],
  // gdt:
  ['0000000000000000', '.quad 0'],
  ['ffff0000009acf00', '.quad 0x00cf9a000000ffff'],
  ['ffff00000092cf00', '.quad 0x00cf92000000ffff'],
  ['ffff0000009aaf00', '.quad 0x00af9a000000ffff'],
  // gdtr:
  ['1f00', '.word 31'],
  ['017d0000', '.long gdt'],
  // idtr:
  ['0701', '.word 0x107'],
  ['00400000', '.long 0x4000'],
  // text:
  ['6e6f6465706f6f6c2070726f62650a00', '.asciz "nodepool probe\\n"'],
];

const SECTOR_BYTES = 512;
const SIGNATURE = Buffer.from([0x55, 0xaa]);

/** The disk; the BIOS reads none that is smaller than a cylinder. */
export function probeDisk(): Buffer {
  const disk = Buffer.alloc(2048 * SECTOR_BYTES);
  Buffer.from(CODE.map(([bytes]) => bytes).join(''), 'hex').copy(disk);
  SIGNATURE.copy(disk, SECTOR_BYTES - SIGNATURE.length);
  return disk;
}

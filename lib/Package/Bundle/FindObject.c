/*===- FindObject.c - Unwind tables on older systems --------------*- C -*-===*\
|*
|* Part of hone, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* Linked into every generated program. libgcc's unwinder calls
|* _dl_find_object, which libc has only since glibc 2.35; this definition
|* spares the programs that requirement.
|*
\*===----------------------------------------------------------------------===*/

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>

#ifdef DLFO_STRUCT_HAS_EH_DBASE
#include <link.h>
#include <stdint.h>

struct search {
  uintptr_t address;
  struct dl_find_object *found;
};

static int visit(struct dl_phdr_info *object, size_t bytes, void *data) {
  struct search *search = data;
  uintptr_t begin = 0, end = 0, tables = 0;
  int holds = 0;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;
    if (segment->p_type == PT_LOAD) {
      if (begin == 0)
        begin = start;
      end = start + segment->p_memsz;
      holds |= search->address >= start && search->address < end;
    } else if (segment->p_type == PT_GNU_EH_FRAME) {
      tables = start;
    }
  }
  if (!holds || tables == 0)
    return 0;
  search->found->dlfo_flags = 0;
  search->found->dlfo_map_start = (void *)begin;
  search->found->dlfo_map_end = (void *)end;
  search->found->dlfo_link_map = 0; /* the unwinder does not read it */
  search->found->dlfo_eh_frame = (void *)tables;
  return 1;
}

__attribute__((visibility("hidden"))) int _dl_find_object(void *address, struct dl_find_object *result) {
  struct search search = {(uintptr_t)address, result};
  return dl_iterate_phdr(visit, &search) == 1 ? 0 : -1;
}
#else
typedef int not_needed_with_this_libc;
#endif

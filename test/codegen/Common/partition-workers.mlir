// The parallel part of a kernel becomes each worker's share of it.
// RUN: hone-opt %s -split-input-file -hone-partition-workers -verify-diagnostics | FileCheck %s

// A worker begins with its share, from worker * n / workers to (worker + 1) * n / workers, without its last quarter: that
// is open. One worker has nothing open. The body stays, values of the kernel included; the marks of a kernel are gone.
// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x8xf32>, %[[WORKER:[a-z0-9]+]]: index, %[[WORKERS:[a-z0-9]+]]: index,
// CHECK-SAME: %[[COUNTERS:[a-z0-9]+]]: memref<16xi32>) {
// CHECK: %[[N:.*]] = memref.dim %[[X]]
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: %[[SEVERAL:.*]] = arith.cmpi ugt, %[[WORKERS]], %[[ONE]]
// CHECK: %[[QUARTERS:.*]] = arith.muli %[[WORKERS]], %{{.*}} : index
// CHECK: %[[QUARTER:.*]] = arith.divui %[[N]], %[[QUARTERS]]
// CHECK: %[[OPEN:.*]] = arith.select %[[SEVERAL]], %[[QUARTER]], %{{.*}}
// CHECK: %[[IS_OPEN:.*]] = arith.cmpi ne, %[[OPEN]], %{{.*}}

// Each ticket's piece is half of what a share has left, and tickets go round the shares: their number is that of the
// bits of what is open, for each share.
// CHECK: %[[ZEROS:.*]] = math.ctlz %[[OPEN]]
// CHECK: %[[BITS:.*]] = arith.subi %{{.*}}, %[[ZEROS]]
// CHECK: %[[TICKETS:.*]] = arith.muli %[[BITS]], %[[WORKERS]]
// CHECK: %[[FROM:.*]] = arith.muli %[[WORKER]], %[[N]]
// CHECK: %[[LOWER:.*]] = arith.divui %[[FROM]], %[[WORKERS]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[WORKER]], %[[ONE]] : index
// CHECK: %[[TO:.*]] = arith.muli %[[NEXT]], %[[N]]
// CHECK: %[[SHARE_END:.*]] = arith.divui %[[TO]], %[[WORKERS]]
// CHECK: %[[UPPER:.*]] = arith.subi %[[SHARE_END]], %[[OPEN]]
// CHECK: %[[LAST:.*]] = scf.while (%[[BEGIN:.*]] = %[[LOWER]], %[[END:.*]] = %[[UPPER]]) : (index, index) -> index {
// CHECK: scf.for %[[I:.*]] = %[[BEGIN]] to %[[END]] step %[[ONE]]
// CHECK-NEXT: %[[V:.*]] = memref.load %[[X]][%[[I]], %{{.*}}]
// CHECK-NEXT: memref.store %[[V]], %[[X]][%[[I]], %{{.*}}]
// CHECK: %[[TICKET:.*]] = scf.if %[[IS_OPEN]]
// CHECK: memref.atomic_rmw addi %{{.*}}, %[[COUNTERS]][%{{.*}}] : (i32, memref<16xi32>) -> i32
// CHECK: } else {
// CHECK-NEXT: scf.yield %[[TICKETS]]
// CHECK: %[[MORE:.*]] = arith.cmpi ult, %[[TICKET]], %[[TICKETS]]
// CHECK: scf.condition(%[[MORE]]) %[[TICKET]]
// CHECK: } do {
// CHECK: ^bb0(%[[TICKET:.*]]: index):
// CHECK: %[[SHARE:.*]] = arith.remui %[[TICKET]], %[[WORKERS]]
// CHECK: %[[ROUND:.*]] = arith.divui %[[TICKET]], %[[WORKERS]]
// CHECK: %[[LEFT:.*]] = arith.shrui %[[OPEN]], %[[ROUND]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[SHARE]], %[[ONE]]
// CHECK: %[[TO:.*]] = arith.muli %[[NEXT]], %[[N]]
// CHECK: %[[SHARE_END:.*]] = arith.divui %[[TO]], %[[WORKERS]]
// CHECK: %[[BEGIN:.*]] = arith.subi %[[SHARE_END]], %[[LEFT]]
// CHECK: %[[HALF:.*]] = arith.shrui %[[LEFT]], %[[ONE]]
// CHECK: %[[END:.*]] = arith.subi %[[SHARE_END]], %[[HALF]]
// CHECK: scf.yield %[[BEGIN]], %[[END]]

// Each worker leaves with a ticket that is no piece; the last of them resets the counter.
// CHECK: %[[ALL:.*]] = arith.addi %[[TICKETS]], %[[WORKERS]]
// CHECK: %[[LAST_TICKET:.*]] = arith.subi %[[ALL]], %[[ONE]]
// CHECK: %[[IS_LAST:.*]] = arith.cmpi eq, %[[LAST]], %[[LAST_TICKET]]
// CHECK: %[[RESETS:.*]] = arith.andi %[[IS_OPEN]], %[[IS_LAST]]
// CHECK: scf.if %[[RESETS]] {
// CHECK: memref.store %{{.*}}, %[[COUNTERS]]
// CHECK-NOT: scf.forall
func.func private @kernel(%x: memref<?x8xf32> {llm.access = "read_write"}, %worker: index, %workers: index) attributes {llm.kernel} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  scf.forall (%i) in (%n) {
    %v = memref.load %x[%i, %c0] : memref<?x8xf32>
    memref.store %v, %x[%i, %c0] : memref<?x8xf32>
  }
  return
}

// -----

// A static number of units, and two parallel parts one after the other, as in a product with rows left over. A worker may
// be in the second while another is in the first, so each has a counter.
// CHECK-LABEL: func.func private @two_parts
// CHECK-SAME: %[[COUNTERS:[a-z0-9]+]]: memref<16xi32>) {
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: memref.atomic_rmw addi %{{.*}}, %[[COUNTERS]][%[[FIRST]]]
// CHECK: memref.store %{{.*}}, %[[COUNTERS]][%[[FIRST]]]
// CHECK: %[[SECOND:.*]] = arith.constant 1 : index
// CHECK: memref.atomic_rmw addi %{{.*}}, %[[COUNTERS]][%[[SECOND]]]
// CHECK: memref.store %{{.*}}, %[[COUNTERS]][%[[SECOND]]]
// CHECK-NOT: scf.forall
func.func private @two_parts(%x: memref<16xf32>, %worker: index, %workers: index) attributes {llm.kernel} {
  %f = arith.constant 0.0 : f32
  scf.forall (%i) in (12) {
    memref.store %f, %x[%i] : memref<16xf32>
  }
  scf.forall (%i) in (1) {
    memref.store %f, %x[%i] : memref<16xf32>
  }
  return
}

// -----

// What is no kernel has no workers.
// CHECK-LABEL: func.func @other
// CHECK: scf.forall
func.func @other(%x: memref<16xf32>) {
  %f = arith.constant 0.0 : f32
  scf.forall (%i) in (12) {
    memref.store %f, %x[%i] : memref<16xf32>
  }
  return
}

// -----

// The counters of a step begin in the first line behind what its arena holds. Calls between two barriers have a line each.
// What stands between, to choose a kernel for an ISA level, passes them on.
// CHECK-LABEL: module attributes {llm.arena_bytes = 256 : i64, llm.counter_bytes = 128 : i64}
module attributes {llm.arena_bytes = 100 : i64} {
func.func private @hone_rt_barrier(!llvm.ptr)
// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[ARENA:[a-z0-9]+]]: memref<?xi8>
// CHECK: %[[A:.*]] = arith.constant 128 : index
// CHECK: %[[COUNTERS:.*]] = memref.view %[[ARENA]][%[[A]]][] : memref<?xi8> to memref<16xi32>
// CHECK: call @chosen(%{{.*}}, %[[COUNTERS]])
// CHECK: %[[B:.*]] = arith.constant 192 : index
// CHECK: %[[COUNTERS:.*]] = memref.view %[[ARENA]][%[[B]]][] : memref<?xi8> to memref<16xi32>
// CHECK: call @chosen(%{{.*}}, %[[COUNTERS]])
// CHECK-NEXT: call @hone_rt_barrier
// CHECK: %[[C:.*]] = arith.constant 128 : index
// CHECK: %[[COUNTERS:.*]] = memref.view %[[ARENA]][%[[C]]][] : memref<?xi8> to memref<16xi32>
// CHECK: call @chosen(%{{.*}}, %[[COUNTERS]])
func.func @step(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index, %level: index) attributes {llm.step} {
  call @chosen(%worker, %workers, %level) : (index, index, index) -> ()
  call @chosen(%worker, %workers, %level) : (index, index, index) -> ()
  call @hone_rt_barrier(%barrier) : (!llvm.ptr) -> ()
  call @chosen(%worker, %workers, %level) : (index, index, index) -> ()
  return
}
// CHECK-LABEL: func.func private @chosen
// CHECK-SAME: %[[COUNTERS:[a-z0-9]+]]: memref<16xi32>) {
// CHECK: call @made(%{{.*}}, %{{.*}}, %[[COUNTERS]])
func.func private @chosen(%worker: index, %workers: index, %level: index) {
  call @made(%worker, %workers) : (index, index) -> ()
  return
}
func.func private @made(%worker: index, %workers: index) attributes {llm.kernel} {
  return
}
}

// -----

// A test of kernels has counters of its own, which begin with zero.
// CHECK-LABEL: func.func @test
// CHECK: %[[COUNTERS:.*]] = memref.alloca() : memref<16xi32>
// CHECK-COUNT-16: memref.store %{{.*}}, %[[COUNTERS]]
// CHECK: call @tested(%{{.*}}, %{{.*}}, %[[COUNTERS]])
// CHECK: call @tested(%{{.*}}, %{{.*}}, %[[COUNTERS]])
func.func @test(%worker: index, %workers: index) {
  call @tested(%worker, %workers) : (index, index) -> ()
  call @tested(%worker, %workers) : (index, index) -> ()
  return
}
func.func private @tested(%worker: index, %workers: index) attributes {llm.kernel} {
  return
}

// -----

func.func private @two_dimensions(%worker: index, %workers: index) attributes {llm.kernel} {
  // expected-error@+1 {{expected a one-dimensional loop from 0 by 1 over memory, outside any other loop}}
  scf.forall (%i, %j) in (12, 4) {
  }
  return
}

// -----

func.func private @from_four(%worker: index, %workers: index) attributes {llm.kernel} {
  // expected-error@+1 {{expected a one-dimensional loop from 0 by 1 over memory, outside any other loop}}
  scf.forall (%i) = (4) to (12) step (1) {
  }
  return
}

// -----

func.func private @by_two(%worker: index, %workers: index) attributes {llm.kernel} {
  // expected-error@+1 {{expected a one-dimensional loop from 0 by 1 over memory, outside any other loop}}
  scf.forall (%i) = (0) to (12) step (2) {
  }
  return
}

// -----

// Each worker would make a tensor of its own.
func.func private @over_tensors(%t: tensor<12xf32>, %worker: index, %workers: index) attributes {llm.kernel} {
  // expected-error@+1 {{expected a one-dimensional loop from 0 by 1 over memory, outside any other loop}}
  %0 = scf.forall (%i) in (12) shared_outs(%out = %t) -> tensor<12xf32> {
    scf.forall.in_parallel {
    }
  }
  return
}

// -----

func.func private @inside_a_loop(%worker: index, %workers: index) attributes {llm.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %j = %c0 to %workers step %c1 {
    // expected-error@+1 {{expected a one-dimensional loop from 0 by 1 over memory, outside any other loop}}
    scf.forall (%i) in (12) {
    }
  }
  return
}

// -----

// A kernel that does not know its worker.
// expected-error @below {{expected 'worker' and 'workers' as its last arguments; run hone-bufferize-step first}}
func.func private @no_worker(%n: index) attributes {llm.kernel} {
  scf.forall (%i) in (%n) {
  }
  return
}

// -----

// expected-error @below {{expected at most 16 parallel loops, got 17}}
func.func private @many_loops(%worker: index, %workers: index) attributes {llm.kernel} {
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  scf.forall (%i) in (12) {
  }
  return
}

// -----

// Any worker may run the units that are open.
func.func private @knows_its_worker(%x: memref<16xindex>, %worker: index, %workers: index) attributes {llm.kernel} {
  scf.forall (%i) in (16) {
    // expected-error@+1 {{expected a kernel that does not know its worker, since any worker may run any unit}}
    memref.store %worker, %x[%i] : memref<16xindex>
  }
  return
}

// -----

// Nobody planned an arena.
// expected-error @below {{expected a step with an arena; run hone-plan-arena first}}
func.func @no_arena(%worker: index, %workers: index) attributes {llm.step} {
  call @kernel(%worker, %workers) : (index, index) -> ()
  return
}
func.func private @kernel(%worker: index, %workers: index) attributes {llm.kernel} {
  return
}

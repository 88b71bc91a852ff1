// The parallel part of a kernel becomes each worker's share of it.
// RUN: hone-opt %s -split-input-file -hone-partition-workers -verify-diagnostics | FileCheck %s

// Shares are contiguous: from worker * n / workers to (worker + 1) * n / workers. The body stays, values of the kernel
// included. The marks of a kernel are gone.
// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x8xf32>, %[[WORKER:[a-z0-9]+]]: index, %[[WORKERS:[a-z0-9]+]]: index) {
// CHECK: %[[N:.*]] = memref.dim %[[X]]
// CHECK: %[[FROM:.*]] = arith.muli %[[WORKER]], %[[N]]
// CHECK: %[[LOWER:.*]] = arith.divui %[[FROM]], %[[WORKERS]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[WORKER]], %[[ONE:.*]] : index
// CHECK: %[[TO:.*]] = arith.muli %[[NEXT]], %[[N]]
// CHECK: %[[UPPER:.*]] = arith.divui %[[TO]], %[[WORKERS]]
// CHECK: scf.for %[[I:.*]] = %[[LOWER]] to %[[UPPER]] step %[[ONE]]
// CHECK-NEXT: %[[V:.*]] = memref.load %[[X]][%[[I]], %{{.*}}]
// CHECK-NEXT: memref.store %[[V]], %[[X]][%[[I]], %{{.*}}]
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

// A static number of units, and two parallel parts one after the other, as in a product with rows left over.
// CHECK-LABEL: func.func private @two_parts
// CHECK: %[[N:.*]] = arith.constant 12 : index
// CHECK: arith.muli %{{.*}}, %[[N]]
// CHECK: scf.for
// CHECK: scf.for
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

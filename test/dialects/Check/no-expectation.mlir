// A test that expects nothing is not a test that passes.
// RUN: not hone-check %s --pipeline=reference 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not hone-check %s --pipeline=other 2>&1 | FileCheck %s --check-prefix=PIPELINE

// NONE: hone-check: error: expected a public function without arguments or results that states an expectation, got none
// PIPELINE: hone-check: error: expected --pipeline to name one of 'reference', 'x86', got 'other'
func.func @nothing() {
  return
}

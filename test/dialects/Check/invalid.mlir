// One case for each constraint of each op.
// RUN: hone-opt %s -split-input-file -verify-diagnostics

func.func @expect_close_c1(%actual: tensor<4xf32>, %expected: tensor<4xf16>) {
  // expected-error@+1 {{to have the same element type, got 'f32' and 'f16'}}
  check.expect_close %actual, %expected : tensor<4xf32>, tensor<4xf16>
  return
}

// -----

func.func @expect_close_c2(%actual: tensor<?x4xf32>, %expected: tensor<3x5xf32>) {
  // expected-error@+1 {{to have compatible shapes, got 'tensor<?x4xf32>' and 'tensor<3x5xf32>'}}
  check.expect_close %actual, %expected : tensor<?x4xf32>, tensor<3x5xf32>
  return
}

// -----

func.func @expect_close_c3(%actual: tensor<4xf32>) {
  // expected-error@+1 {{expected 'rtol' to be finite and not negative, got -1}}
  check.expect_close %actual, %actual {rtol = -1.0 : f64} : tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @expect_close_c3_infinite(%actual: tensor<4xf32>) {
  // expected-error@+1 {{expected 'atol' to be finite and not negative, got +Inf}}
  check.expect_close %actual, %actual {atol = 0x7FF0000000000000 : f64} : tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @expect_close_integers(%actual: tensor<4xi32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 16-bit float or bfloat16 type or 32-bit float or 64-bit float values}}
  check.expect_close %actual, %actual : tensor<4xi32>, tensor<4xi32>
  return
}

// -----

func.func @expect_equal_c1(%actual: tensor<4xi32>, %expected: tensor<4xi16>) {
  // expected-error@+1 {{to have the same element type, got 'i32' and 'i16'}}
  check.expect_equal %actual, %expected : tensor<4xi32>, tensor<4xi16>
  return
}

// -----

func.func @expect_equal_c2(%actual: tensor<4xi32>, %expected: tensor<1x4xi32>) {
  // expected-error@+1 {{to have compatible shapes, got 'tensor<4xi32>' and 'tensor<1x4xi32>'}}
  check.expect_equal %actual, %expected : tensor<4xi32>, tensor<1x4xi32>
  return
}

// -----

func.func @convert_c1(%kv: !llm.kv<1x1x16xf16>) {
  // expected-error@+1 {{expected a tensor without an encoding on one side, got '!llm.kv<1x1x16xf16>'}}
  %0 = check.convert %kv : !llm.kv<1x1x16xf16> to !llm.kv<2x1x16xf16>
  return
}

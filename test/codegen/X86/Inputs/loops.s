# Loops that check_loops.py has something to say about.
spilled:
.LBB0_1:
	vmovdqa64 64(%rsp), %zmm0
	vpdpbusd (%rdi){1to16}, %zmm0, %zmm1
	addq $4, %rdi
	cmpq %rdi, %rsi
	jne .LBB0_1
	retq
	.size spilled, .-spilled
waiting:
.LBB1_1:
	vpdpbusd %zmm0, %zmm2, %zmm1
	vpdpbusd %zmm3, %zmm4, %zmm1
	decq %rdi
	jne .LBB1_1
	retq
	.size waiting, .-waiting
adding:
.LBB2_1:
	vpmaddwd %ymm0, %ymm2, %ymm1
	vpaddd %ymm1, %ymm3, %ymm3
	decq %rdi
	jne .LBB2_1
	retq
	.size adding, .-adding
